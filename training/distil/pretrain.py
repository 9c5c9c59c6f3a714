"""Masked characters: an encoder learns the language of unlabelled news."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from training.distil.data import BEGIN, SPECIAL, UNKNOWN, read_arrays, read_texts, write_arrays
from training.distil.loop import (
    Order,
    Plan,
    Training,
    autocast,
    find_device,
    parameter_groups,
    unfinished,
)
from training.distil.networks import MaskedCharacters, half, read_encoder

_WARMUP: Final = 100
_SPANS: Final = 0.09
"""Share of the positions at which a span of hidden characters begins."""

_LONGEST_SPAN: Final = 3
_SHOWN_AS_UNKNOWN, _SHOWN_AS_ANOTHER = 0.8, 0.1
"""Shares of the hidden characters; what remains is shown as it is."""


@dataclass(frozen=True)
class PretrainOptions:
    """Epochs over the texts, windows in a batch, positions of a window, peak rate, heads.

    `steps` instead of `epochs`, if it is given.
    """

    epochs: float = 5
    batch: int = 192
    window: int = 512
    rate: float = 6e-4
    heads: int = 12
    steps: int | None = None
    seed: int = 0


def pretrain(arrays: Path, bert: Path, output: Path, options: PretrainOptions) -> None:
    """Train the encoder of the folder `bert` on the unlabelled texts, and write its weights.

    The output is an .npz file of 16-bit floats by the names of `zhinvest.network.Encoder`.
    """
    weights = bert / "model.safetensors"
    with unfinished(output, arrays, weights, options) as folder:
        device = find_device()
        torch.manual_seed(options.seed)
        network = MaskedCharacters(read_encoder(bert, options.heads)).to(device)
        texts = read_texts(read_arrays(arrays), "unlabelled")
        windows = stretches(texts.indices, options.window).to(device)
        order = Order(len(windows), options.batch, options.seed)
        steps = options.steps or round(options.epochs * order.steps)
        groups, plan = parameter_groups(network, options.rate), Plan(steps, _WARMUP)
        training = Training(network, groups, plan, folder / "pretrain.pt", options.seed)
        training.run(
            lambda step: masked_loss(network, windows[order.batch(step).to(device)]), "pretrain"
        )
        write_arrays(output, half(network.enc))


def stretches(indices: NDArray[np.int32], window: int) -> Tensor:
    """Return the texts as windows that begin with BEGIN: shape (n_windows, window).

    What is left at the end is not used.
    """
    size = min(window - 1, len(indices))
    rows = torch.from_numpy(indices[: len(indices) // size * size]).long().view(-1, size)
    return torch.cat([torch.full((len(rows), 1), BEGIN), rows], dim=1)


def masked_loss(network: MaskedCharacters, indices: Tensor) -> Tensor:
    """Return the mean loss of restoring hidden characters of windows (batch, positions)."""
    hidden = hidden_spans(indices)
    shown = disguised(indices, hidden, len(network.bias))
    with autocast(indices.device):
        scores = network(shown, hidden)
    loss = F.cross_entropy(scores.float(), indices[hidden], reduction="sum")
    return loss / hidden.sum().clamp(min=1)


def hidden_spans(indices: Tensor) -> Tensor:
    """Return whether each position is hidden: spans of one to three, no special entries."""
    begins = torch.rand(indices.shape, device=indices.device) < _SPANS
    lengths = torch.randint(1, _LONGEST_SPAN + 1, indices.shape, device=indices.device)
    hidden = begins.clone()
    for k in range(1, _LONGEST_SPAN):
        hidden[:, k:] |= begins[:, :-k] & (lengths[:, :-k] > k)
    return hidden & (indices >= len(SPECIAL))


def disguised(indices: Tensor, hidden: Tensor, vocab: int) -> Tensor:
    """Return what is shown: of hidden characters most as UNKNOWN, a few as another."""
    chance = torch.rand(indices.shape, device=indices.device)
    others = torch.randint(len(SPECIAL), vocab, indices.shape, device=indices.device)
    shown = indices.masked_fill(hidden & (chance < _SHOWN_AS_UNKNOWN), UNKNOWN)
    return torch.where(hidden & (chance > 1 - _SHOWN_AS_ANOTHER), others, shown)
