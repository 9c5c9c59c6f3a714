"""The student: a small tagger learns the teachers' probabilities and the gold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training.distil.data import MISSING, Arrays, read_arrays, read_texts, write_arrays
from training.distil.loop import (
    Groups,
    Order,
    Plan,
    Training,
    autocast,
    find_device,
    unfinished,
)
from training.distil.networks import DILATIONS, Student, half, tensors
from training.distil.silver import GOLD, UNLABELLED
from zhinvest.tags import TAGS

_WARMUP: Final = 200
_WEIGHT_DECAY: Final = 0.01
_SMOOTHING: Final = 0.04


@dataclass(frozen=True)
class StudentOptions:
    """Size of the network and how it learns; batches are in windows, windows in tokens."""

    width: int = 192
    dilations: tuple[int, ...] = DILATIONS
    dropout: float = 0.1
    steps: int = 5500
    batch: int = 192
    gold_batch: int = 48
    window: int = 512
    rate: float = 2e-3
    hard: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Stream:
    """Tokens of all texts in a row, on the device.

    Attributes:
        keys: Shape (n_tokens,).
        soft: Teachers' probabilities, shape (n_tokens, n_tags).
        tags: Gold tags or MISSING, shape (n_tokens,).
        documents: Number of the document, shape (n_tokens,).
    """

    keys: Tensor
    soft: Tensor
    tags: Tensor
    documents: Tensor

    def windows(self, starts: Tensor, size: int) -> "Stream":
        """Return windows of `size` tokens from `starts`: a first dimension of len(starts)."""
        grid = starts.to(self.keys.device)[:, None] + torch.arange(size, device=self.keys.device)
        grid = grid.clamp(max=len(self.keys) - 1)
        return Stream(
            self.keys[grid], self.soft[grid].float(), self.tags[grid], self.documents[grid]
        )


def read_stream(arrays: Arrays, silver: Arrays, name: str, device: torch.device) -> Stream:
    """Return one of the sets with its probabilities; gold that has none, with its tags'."""
    texts = read_texts(arrays, name)
    tags = torch.from_numpy(texts.token_tags).long()
    keys = torch.from_numpy(texts.keys)
    has_tags_alone = name == GOLD and name not in silver
    soft = smoothed(tags) if has_tags_alone else torch.from_numpy(silver[name])
    numbers = np.repeat(np.arange(len(texts.offsets) - 1), np.diff(texts.token_offsets))
    documents = torch.from_numpy(numbers.astype(np.int32))
    return Stream(keys.to(device), soft.to(device), tags.to(device), documents.to(device))


def smoothed(tags: Tensor) -> Tensor:
    """Return probabilities of 16 bits: _SMOOTHING is spread over all tags, the rest is the gold's.

    A token of which nothing is known has none, and so no loss.
    """
    known = (tags != MISSING)[:, None]
    certain = F.one_hot(tags.clamp(min=0), len(TAGS))
    return (known * ((1 - _SMOOTHING) * certain + _SMOOTHING / len(TAGS))).half()


def train_student(
    arrays: Path, silver: Path, output: Path, options: StudentOptions, start: Path | None = None
) -> None:
    """Train a student and write its weights, by which `training.assemble student` goes.

    With `start`, it goes on from the weights that an earlier run wrote there.
    """
    with unfinished(output, arrays, silver, start, options) as folder:
        device = find_device()
        torch.manual_seed(options.seed)
        network = Student(options.width, options.dilations, options.dropout).to(device)
        if start is not None:
            network.load_state_dict(tensors(read_arrays(start)))
        sources = read_arrays(arrays), read_arrays(silver)
        unlabelled, gold = (read_stream(*sources, n, device) for n in (UNLABELLED, GOLD))
        draw = Draw(len(unlabelled.keys), len(gold.keys), options)
        plan = Plan(
            options.steps,
            _WARMUP,
            floor=0.01,
            average_from=0.6,
            average_every=5,
            average_decay=0.97,
        )
        groups, checkpoint = _groups(network, options), folder / "student.pt"
        training = Training(network, groups, plan, checkpoint, options.seed)

        def loss(step: int) -> Tensor:
            starts, gold_starts = draw(step)
            silver_part = unlabelled.windows(starts, options.window)
            gold_part = gold.windows(gold_starts, options.window)
            return student_loss(network, silver_part, gold_part, options.hard)

        training.run(loss, "student")
        write_arrays(output, half(network))


def _groups(network: Student, options: StudentOptions) -> Groups:
    return [
        {"params": list(network.parameters()), "lr": options.rate, "weight_decay": _WEIGHT_DECAY}
    ]


class Draw:
    """Chooses where the windows of a step begin.

    Those of the unlabelled texts are the windows of a grid in random order, the grid shifted in
    every step; those of the gold begin anywhere.
    """

    def __init__(self, tokens: int, gold_tokens: int, options: StudentOptions) -> None:
        self.options = options
        self.gold_starts = max(1, gold_tokens - options.window)
        grid = tokens // options.window
        self.order = Order(max(1, grid - 1), min(options.batch, max(1, grid // 2)), options.seed)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the first tokens of the windows of unlabelled and of gold texts."""
        window = self.options.window
        shift = torch.randint(window, (1,))
        starts = self.order.batch(step) * window + shift
        return starts, torch.randint(self.gold_starts, (self.options.gold_batch,))


def student_loss(network: Student, silver: Stream, gold: Stream, hard: float) -> Tensor:
    """Return the cross-entropy with the probabilities, plus `hard` times that with gold tags."""
    with autocast(silver.keys.device):
        documents = torch.cat([silver.documents, gold.documents])
        scores = network(torch.cat([silver.keys, gold.keys]), documents)
    logs = scores.float().log_softmax(dim=-1)
    soft = -(torch.cat([silver.soft, gold.soft]) * logs).sum(dim=-1).mean()
    gold_logs = logs[len(silver.keys) :].flatten(0, 1)
    known = F.nll_loss(gold_logs, gold.tags.flatten(), ignore_index=MISSING)
    return cast(Tensor, soft + hard * known)
