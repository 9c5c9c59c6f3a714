"""What taggers say together: probabilities of the tags of every token, and their F1."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import nn
from tqdm import tqdm

from training.distil.data import Integers, Texts, batches, padded
from training.distil.loop import autocast
from zhinvest.labels import LABELS
from zhinvest.tags import TAGS, tag_spans

Probabilities = NDArray[np.floating]
"""Probabilities of the tags of each token: shape (n_tokens, n_tags)."""

MICRO: Final = "micro"


@torch.no_grad()
def probabilities(
    networks: Sequence[nn.Module],
    texts: Texts,
    windows: Integers,
    positions: int,
    dtype: DTypeLike = np.float32,
) -> Probabilities:
    """Return the mean of the networks' probabilities, read in batches of `positions`."""
    device = next(networks[0].parameters()).device
    result: Probabilities = np.zeros((len(texts.keys), len(TAGS)), dtype=dtype)
    for network in networks:
        network.eval()
    for rows in tqdm(batches(windows, positions), "probabilities"):
        batch = padded(texts, windows[rows])
        indices = torch.from_numpy(batch.indices).to(device)
        firsts = torch.from_numpy(batch.firsts).to(device)
        with autocast(device):
            scores = [network(indices)[firsts].float() for network in networks]
        mean = torch.stack(scores).softmax(dim=-1).mean(dim=0)
        result[batch.tokens] = mean.cpu().numpy()
    return result


def f1(found: Probabilities, texts: Texts) -> dict[str, float]:
    """Return strict F1 of the most probable tags, for each label and for all ("micro").

    A tag that continues no entity is none; the pipeline looks for the best path without such tags.
    """
    bounds = texts.token_offsets[1:-1]
    paths = np.split(found.argmax(axis=1), bounds)
    gold_paths = np.split(texts.token_tags.astype(np.int64), bounds)
    predicted = {(n, *span) for n, path in enumerate(paths) for span in tag_spans(path)}
    gold = {(n, *span) for n, path in enumerate(gold_paths) for span in tag_spans(path)}
    scores = {MICRO: _f1(predicted, gold)}
    for label in LABELS:
        scores[label] = _f1(*({s for s in spans if s[-1] == label} for spans in (predicted, gold)))
    return scores


def _f1(predicted: set[tuple[int, int, int, str]], gold: set[tuple[int, int, int, str]]) -> float:
    total = len(predicted) + len(gold)
    return 2 * len(predicted & gold) / total if total else 0.0
