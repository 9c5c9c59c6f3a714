"""Silver: the probabilities that the best teachers give the unlabelled texts and the gold."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.distil.data import read_arrays, write_arrays
from training.distil.ensemble import probabilities
from training.distil.loop import find_device
from training.distil.networks import load_teacher
from training.distil.teacher import SCORES, ranked, read_lesson

UNLABELLED, GOLD = SETS = "unlabelled", "gold"


def label(
    arrays: Path,
    teachers: Path,
    output: Path,
    *,
    best: int,
    positions: int,
    heads: int,
    sets: Sequence[str] = SETS,
) -> None:
    """Write the mean probabilities of the `best` teachers with the highest F1 on dev.

    `teachers` is their folder, or the file of one. The output is an .npz file of 16-bit floats of
    shape (n_tokens, n_tags) for each of `sets`.
    """
    paths = [teachers] if teachers.is_file() else _best_of(teachers, best)
    networks = [load_teacher(read_arrays(path), heads).to(find_device()) for path in paths]
    source = read_arrays(arrays)
    lessons = {name: read_lesson(source, name) for name in sets}
    silver = {
        name: probabilities(networks, lesson.texts, lesson.windows, positions, np.float16)
        for name, lesson in lessons.items()
    }
    write_arrays(output, silver)


def _best_of(folder: Path, count: int) -> list[Path]:
    scores = json.loads((folder / SCORES).read_text(encoding="utf-8"))["teachers"]
    return [folder / f"{number}.npz" for number in ranked(scores)[:count]]
