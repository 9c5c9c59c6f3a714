"""The transformer that is released: the best teacher goes on with what all teachers say together.

It reads stretches of the unlabelled texts, whose tokens have the teachers' mean probabilities,
and windows of the gold with its tags.
"""

from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from random import Random
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training.distil.data import (
    BEGIN,
    Arrays,
    Integers,
    batches,
    read_arrays,
    read_texts,
    write_arrays,
)
from training.distil.loop import Order, Plan, Training, autocast, find_device, unfinished
from training.distil.networks import TeacherTagger, half, load_teacher
from training.distil.teacher import BEST, layered_groups, read_lesson, tag_loss

_WARMUP: Final = 0.05
_AVERAGE_FROM: Final = 0.6


@dataclass(frozen=True)
class RefineOptions:
    """How the teacher goes on.

    Attributes:
        epochs: Times that the unlabelled texts are read.
        batch: Stretches of unlabelled texts in a batch.
        window: Positions of a stretch.
        positions: Positions of gold in a batch.
        rate: Peak rate of the top layer.
        layer_decay: Share of the rate from a layer to the one below.
        hard: Weight of the loss by gold tags.
        smoothing: Label smoothing of the gold.
        average_decay: Share of the old average of the weights in the new one.
        heads: Attention heads of the encoder.
        steps: Steps, instead of epochs.
        seed: Of all that is random.
    """

    epochs: float = 1
    batch: int = 64
    window: int = 512
    positions: int = 12_000
    rate: float = 1.5e-4
    layer_decay: float = 0.95
    hard: float = 0.5
    smoothing: float = 0.02
    average_decay: float = 0.99
    heads: int = 12
    steps: int | None = None
    seed: int = 0


class Stretches:
    """The unlabelled texts in a row, cut into stretches of equal length.

    `starts` are the first positions of the stretches: shape (n_stretches,).
    """

    def __init__(self, arrays: Arrays, silver: Arrays, window: int, device: torch.device) -> None:
        texts = read_texts(arrays, "unlabelled")
        self.size = min(window - 1, len(texts.indices))
        self.starts = torch.arange(len(texts.indices) // self.size, device=device) * self.size
        self._indices = torch.from_numpy(texts.indices).to(device)
        self._firsts = torch.from_numpy(texts.firsts).to(device)
        self._tokens = torch.from_numpy(texts.tokens).to(device)
        self._soft = torch.from_numpy(silver["unlabelled"]).to(device)

    def loss(self, teacher: TeacherTagger, rows: Tensor) -> Tensor:
        """Return the mean cross-entropy with the probabilities over the tokens of stretches."""
        starts = self.starts[rows.to(self.starts.device)]
        grid = starts[:, None] + torch.arange(self.size, device=starts.device)
        firsts = self._firsts[grid]
        begin = torch.full_like(starts[:, None], BEGIN)
        with autocast(starts.device):
            scores = teacher(torch.cat([begin, self._indices[grid].long()], dim=1))[:, 1:]
        soft = self._soft[self._tokens[grid][firsts]].float()
        return F.cross_entropy(scores[firsts].float(), soft)


def refine(
    arrays: Path, silver: Path, teachers: Path, output: Path, options: RefineOptions
) -> None:
    """Train the best teacher on, and write its weights: an .npz file of 16-bit floats."""
    with unfinished(output, arrays, silver, teachers, options) as folder:
        device = find_device()
        torch.manual_seed(options.seed)
        source = read_arrays(arrays)
        teacher = load_teacher(read_arrays(teachers / BEST), options.heads).to(device)
        stretches = Stretches(source, read_arrays(silver), options.window, device)
        order = Order(len(stretches.starts), options.batch, options.seed)
        lesson = read_lesson(source, "gold")
        steps = options.steps or round(options.epochs * order.steps)
        gold = _gold_batches(lesson.windows, options, steps)
        plan = Plan(
            steps,
            _WARMUP * steps,
            average_from=_AVERAGE_FROM,
            average_decay=options.average_decay,
        )

        def loss(step: int) -> Tensor:
            known = tag_loss(teacher, lesson, gold[step], options.smoothing)
            return stretches.loss(teacher, order.batch(step)) + options.hard * known

        groups = layered_groups(teacher, options.rate, options.layer_decay)
        training = Training(teacher, groups, plan, folder / "refine.pt", options.seed)
        training.run(loss, "refine")
        write_arrays(output, half(teacher))


def _gold_batches(windows: Integers, options: RefineOptions, steps: int) -> list[Integers]:
    """Return the rows of the gold windows of each step, all windows in every round."""
    random = Random(options.seed)
    rounds = (batches(windows, options.positions, random) for _ in count())
    return list(islice(chain.from_iterable(rounds), steps))
