"""Teachers: the pretrained encoder learns tags from the public sets, then from the gold."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training.distil.data import (
    MISSING,
    Arrays,
    Integers,
    Texts,
    batches,
    cut,
    padded,
    read_arrays,
    read_texts,
    write_arrays,
)
from training.distil.ensemble import MICRO, Probabilities, f1, probabilities
from training.distil.loop import Groups, Plan, Training, autocast, find_device, unfinished
from training.distil.networks import TeacherTagger, half, load_encoder, load_teacher
from zhinvest.files import write_text

BEST: Final = "best.npz"
SCORES: Final = "scores.json"

_WARMUP: Final = 0.1
_WEIGHT_DECAY: Final = 0.01
_HEAD_RATE: Final = 5
_READ_POSITIONS: Final = 5
"""Reading needs less memory than learning: batches are larger by this."""


@dataclass(frozen=True)
class Recipe:
    """How one teacher learns.

    Attributes:
        epochs: Times that the set is read.
        rate: Peak rate.
        after_public: Whether the public sets come before the gold.
        is_plain: Whether batches are twice as large, without smoothing and averaging.
    """

    epochs: int
    rate: float
    after_public: bool = True
    is_plain: bool = False


PUBLIC: Final = Recipe(epochs=1, rate=2e-4, after_public=False, is_plain=True)
RECIPES: Final = (Recipe(5, 2e-4), Recipe(5, 2e-4, False), Recipe(5, 3e-4))


@dataclass(frozen=True)
class TeachOptions:
    """Positions in a batch, share of the rate from a layer to the one below, and so on.

    `steps` limits those of each teacher.
    """

    positions: int = 16_000
    layer_decay: float = 0.9
    smoothing: float = 0.02
    average_decay: float = 0.99
    heads: int = 12
    steps: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """Texts and the windows of them, read from the arrays."""

    texts: Texts
    windows: Integers


def read_lesson(arrays: Arrays, name: str) -> Lesson:
    """Return one of the sets, cut into windows."""
    texts = read_texts(arrays, name)
    return Lesson(texts, cut(texts, arrays["stops"]))


def teach(arrays: Path, encoder: Path, output: Path, options: TeachOptions) -> None:
    """Train a teacher by each of RECIPES, and measure each and all together on dev.

    The output is a folder: the weights of each teacher (0.npz, 1.npz, ..., best.npz; 16-bit
    floats) and scores.json.
    """
    with unfinished(output, arrays, encoder, options) as folder:
        public = folder / "public.npz"
        _learn(public, PUBLIC, "public", arrays, encoder, options, options.seed)
        results = folder / "results"
        found, scores = [], []
        dev = read_lesson(read_arrays(arrays), "dev")
        for number, recipe in enumerate(RECIPES):
            path = results / f"{number}.npz"
            start = public if recipe.after_public else encoder
            _learn(path, recipe, "gold", arrays, start, options, options.seed + number)
            found.append(_read_by([path], dev, options))
            scores.append(asdict(recipe) | {"f1": f1(found[-1], dev.texts)})
        together = f1(np.mean(found, axis=0), dev.texts)
        best = ranked(scores)[0]
        shutil.copyfile(results / f"{best}.npz", results / BEST)
        write_text(results / SCORES, json.dumps({"teachers": scores, "ensemble": together}))
        shutil.rmtree(output, ignore_errors=True)
        results.rename(output)


def adapt(arrays: Path, start: Path, output: Path, recipe: Recipe, options: TeachOptions) -> None:
    """Train the teacher with the weights in `start` on with the gold, and write its weights."""
    with unfinished(output, arrays, start, recipe, options) as folder:
        path = folder / "adapted.npz"
        _learn(path, recipe, "gold", arrays, start, options, options.seed)
        path.replace(output)


def ranked(scores: Sequence[dict[str, Any]]) -> list[int]:
    """Return the numbers of the teachers, that of the highest F1 first."""
    return sorted(range(len(scores)), key=lambda number: -scores[number]["f1"][MICRO])


def _read_by(paths: Sequence[Path], lesson: Lesson, options: TeachOptions) -> Probabilities:
    teachers = [load_teacher(read_arrays(path), options.heads).to(find_device()) for path in paths]
    size = _READ_POSITIONS * options.positions
    return probabilities(teachers, lesson.texts, lesson.windows, size)


def _learn(
    path: Path,
    recipe: Recipe,
    name: str,
    arrays: Path,
    start: Path,
    options: TeachOptions,
    seed: int,
) -> None:
    """Train a teacher from the weights in `start` on the set `name`, unless `path` is there."""
    if path.exists():
        return
    torch.manual_seed(seed)
    weights = read_arrays(start)
    if "head.weight" in weights:
        teacher = load_teacher(weights, options.heads)
    else:
        teacher = TeacherTagger(load_encoder(weights, options.heads))
    lesson = read_lesson(read_arrays(arrays), name)
    fine_tune(
        teacher.to(find_device()), lesson, recipe, options, path.with_suffix(".pt"), seed=seed
    )
    write_arrays(path, half(teacher))


def fine_tune(
    teacher: TeacherTagger,
    lesson: Lesson,
    recipe: Recipe,
    options: TeachOptions,
    checkpoint: Path,
    seed: int = 0,
) -> None:
    """Train `teacher` by `recipe`."""
    random = Random(seed)
    size = options.positions * (2 if recipe.is_plain else 1)
    rounds = (batches(lesson.windows, size, random) for _ in range(recipe.epochs))
    order = [rows for batch in rounds for rows in batch][: options.steps]
    plan = Plan(
        steps=len(order),
        warmup=_WARMUP * len(order),
        average_from=1.0 if recipe.is_plain else 0.5,
        average_decay=options.average_decay,
    )
    groups = layered_groups(teacher, recipe.rate, options.layer_decay)
    smoothing = 0.0 if recipe.is_plain else options.smoothing
    loss = partial(tag_loss, teacher, lesson, smoothing=smoothing)
    training = Training(teacher, groups, plan, checkpoint, seed)
    training.run(lambda step: loss(order[step]), f"teach {checkpoint.stem}")
    checkpoint.unlink(missing_ok=True)


def tag_loss(teacher: TeacherTagger, lesson: Lesson, rows: Integers, smoothing: float) -> Tensor:
    """Return the mean cross-entropy at the tokens of the windows `rows` whose tags are known."""
    device = next(teacher.parameters()).device
    batch = padded(lesson.texts, lesson.windows[rows])
    with autocast(device):
        scores = teacher(torch.from_numpy(batch.indices).to(device))
    tags = torch.from_numpy(batch.tags).to(device)
    return F.cross_entropy(
        scores.float().flatten(0, 1),
        tags.flatten(),
        ignore_index=MISSING,
        label_smoothing=smoothing,
    )


def layered_groups(teacher: TeacherTagger, rate: float, decay: float) -> Groups:
    """Return one group for each parameter: rates fall from the top layer to the embeddings.

    What lies above the encoder learns faster than it.
    """
    names = {id(parameter): name for name, parameter in teacher.encoder.named_parameters()}
    depth = len(teacher.encoder.layers)
    groups: Groups = []
    for parameter in teacher.parameters():
        part, _, rest = names.get(id(parameter), "").partition(".")
        if not part:
            share: float = _HEAD_RATE
        elif part == "layers":
            share = decay ** (depth - int(rest.partition(".")[0]))
        else:
            share = decay ** (depth + 1)
        weight_decay = _WEIGHT_DECAY if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "lr": rate * share, "weight_decay": weight_decay})
    return groups
