"""Texts as arrays, as `training.arrays` writes them; windows of them, and batches of windows."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zhinvest.files import write_bytes

Arrays = Mapping[str, NDArray[Any]]
Integers = NDArray[np.int64]

BEGIN, PAD, END, UNKNOWN = SPECIAL = range(4)
"""Indices of the special entries of a vocabulary, as in `zhinvest.encoder`."""

FIRST: Final = 0x8000
"""Bit of a position at which a token begins; the other bits are an index of the vocabulary."""

MISSING: Final = -100
"""Tag of a token of which nothing is known, and of a position that begins no token."""

WINDOW: Final = 480
"""Most positions of a window, without the one of BEGIN; no token has as many."""

_SIMILAR: Final = 40
"""Windows whose lengths differ by less than this may share a batch when shuffled."""


@dataclass(frozen=True)
class Texts:
    """Documents one after the other; a position is a character, a token one or more of them.

    Attributes:
        indices: Index of the vocabulary, shape (n_positions,).
        firsts: Whether a token begins, shape (n_positions,).
        tags: Index in `zhinvest.tags.TAGS` or MISSING, shape (n_positions,).
        keys: What the student's tables are looked up by (see `zhinvest.embed`), as signed
            integers of the same bits: shape (n_tokens,).
        offsets: Position at which each document begins, and the number of positions.
    """

    indices: NDArray[np.int32]
    firsts: NDArray[np.bool_]
    tags: NDArray[np.int8]
    keys: Integers
    offsets: Integers

    @cached_property
    def tokens(self) -> Integers:
        """Number of the token that each position belongs to: shape (n_positions,)."""
        return np.cumsum(self.firsts) - 1

    @cached_property
    def token_offsets(self) -> Integers:
        """Number of the first token of each document, and the number of tokens."""
        return np.append(self.tokens, len(self.keys))[self.offsets]

    @property
    def token_tags(self) -> NDArray[np.int8]:
        """Tag of each token: shape (n_tokens,)."""
        return self.tags[self.firsts]


@dataclass(frozen=True)
class Batch:
    """Windows of similar length, padded: arrays of shape (n_windows, 1 + the longest).

    Attributes:
        indices: BEGIN, then indices of the vocabulary, then PAD.
        tags: Tags, MISSING where no token begins.
        firsts: Whether a token begins.
        tokens: Numbers of the tokens that begin, row after row: shape (firsts.sum(),).
    """

    indices: Integers
    tags: Integers
    firsts: NDArray[np.bool_]
    tokens: Integers


def read_arrays(path: Path) -> Arrays:
    """Return the arrays of an .npz file, each read when it is asked for."""
    arrays: Arrays = np.load(path)
    return arrays


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write an .npz file, whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())


def read_vocabulary(path: Path) -> list[str]:
    """Return the entries of a tokenizer.json, as transformers writes it, by their indices."""
    entries = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    return [entry for entry, _ in entries]


def read_texts(arrays: Arrays, name: str) -> Texts:
    """Return one of the sets of `training.arrays`: gold, dev, public or unlabelled."""
    positions = arrays[f"{name}.positions"]
    tags = f"{name}.tags"
    return Texts(
        indices=(positions & ~np.uint16(FIRST)).astype(np.int32),
        firsts=positions >= FIRST,
        tags=arrays[tags] if tags in arrays else np.full(len(positions), MISSING, dtype=np.int8),
        keys=arrays["keys"].view(np.int64)[arrays[f"{name}.keys"]],
        offsets=arrays[f"{name}.offsets"],
    )


def cut(texts: Texts, stops: Sequence[int] | NDArray[Any], limit: int = WINDOW) -> Integers:
    """Return windows of at most `limit` positions: start and end of each, shape (n_windows, 2).

    Every position is in exactly one. A document that is too long is cut after the last of
    `stops` (indices of the vocabulary) in the second half of a window, else before a token.
    """
    is_stop = np.isin(texts.indices, stops)
    windows: list[tuple[int, int]] = []
    for begin, end in zip(texts.offsets[:-1].tolist(), texts.offsets[1:].tolist(), strict=True):
        start = begin
        while end - start > limit:
            stop = _last_stop(texts.firsts, is_stop, start, limit)
            windows.append((start, stop))
            start = stop
        if start < end:
            windows.append((start, end))
    return np.array(windows, dtype=np.int64).reshape(-1, 2)


def _last_stop(
    firsts: NDArray[np.bool_], is_stop: NDArray[np.bool_], start: int, limit: int
) -> int:
    half = start + limit // 2
    stops = np.flatnonzero(is_stop[half : start + limit])
    stop = half + int(stops[-1]) + 1 if len(stops) else start + limit
    while not firsts[stop]:
        stop -= 1
    return stop


def batches(windows: Integers, positions: int, random: Random | None = None) -> list[Integers]:
    """Return row numbers of `windows` in batches of at most `positions`, padding counted.

    With `random`, neither the windows of a batch nor the order of the batches is the same again.
    """
    lengths = (windows[:, 1] - windows[:, 0]).tolist()
    rows = list(range(len(lengths)))
    if random is None:
        rows.sort(key=lengths.__getitem__)
    else:
        jitter = [length // _SIMILAR + 2 * random.random() for length in lengths]
        rows.sort(key=jitter.__getitem__)
    found: list[list[int]] = [[]]
    longest = 0
    for row in rows:
        longest = max(longest, 1 + lengths[row])
        if found[-1] and longest * (len(found[-1]) + 1) > positions:
            found.append([])
            longest = 1 + lengths[row]
        found[-1].append(row)
    if random is not None:
        random.shuffle(found)
    return [np.array(batch, dtype=np.int64) for batch in found if batch]


def padded(texts: Texts, windows: Integers) -> Batch:
    """Return `windows` (start and end of each) as a batch."""
    starts, ends = windows[:, :1], windows[:, 1:]
    columns = np.arange(-1, (ends - starts).max())
    inside = (columns >= 0) & (columns < ends - starts)
    grid = np.clip(starts + columns, starts, ends - 1)
    firsts = inside & texts.firsts[grid]
    indices = np.where(inside, texts.indices[grid], PAD).astype(np.int64)
    indices[:, 0] = BEGIN
    tags = np.where(firsts, texts.tags[grid], MISSING).astype(np.int64)
    return Batch(indices, tags, firsts, texts.tokens[grid[firsts]])
