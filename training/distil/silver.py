"""Silver: the probabilities that teachers give the unlabelled texts and the gold."""

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
    teachers: Sequence[Path],
    output: Path,
    *,
    best: int,
    positions: int,
    heads: int,
    sets: Sequence[str] = SETS,
) -> None:
    """Write the mean probabilities of teachers.

    `teachers` are files; a folder stands for the `best` of its teachers with the highest F1 on
    dev. The output is an .npz file of 16-bit floats of shape (n_tokens, n_tags) for each of `sets`.
    """
    paths = [path for entry in teachers for path in _files(entry, best)]
    networks = [load_teacher(read_arrays(path), heads).to(find_device()) for path in paths]
    source = read_arrays(arrays)
    lessons = {name: read_lesson(source, name) for name in sets}
    silver = {
        name: probabilities(networks, lesson.texts, lesson.windows, positions, np.float16)
        for name, lesson in lessons.items()
    }
    write_arrays(output, silver)


def _files(teachers: Path, best: int) -> list[Path]:
    if teachers.is_file():
        return [teachers]
    scores = json.loads((teachers / SCORES).read_text(encoding="utf-8"))["teachers"]
    return [teachers / f"{number}.npz" for number in ranked(scores)[:best]]
