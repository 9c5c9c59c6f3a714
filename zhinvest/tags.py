"""BIO tags of the four labels: the best valid path through scores, and the entities of a path."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from zhinvest.labels import LABELS

Scores = NDArray[np.float32]
Tags = NDArray[np.int64]

TAGS: Final = ("O", *(f"{position}-{label}" for label in LABELS for position in "BI"))
"""The tags by index: an odd index begins an entity, the even one after it continues it."""

_OUTSIDE: Final = 0
_IMPOSSIBLE: Final = -1e9


def decode(scores: Sequence[Scores], transitions: Scores | None = None) -> list[Tags]:
    """Return the valid path of highest score for each array of shape (n_tokens, len(TAGS)).

    A path is valid if no entity is continued that was not begun. Its score is the sum of those of
    its tags and of `transitions` (see `transition_scores`), a number for each two tags in a row.
    Without these, where the best tag of every token by itself spells a valid path, that is the
    answer; the others go through Viterbi.
    """
    if transitions is not None:
        both = _VALID + transitions
        return [_viterbi(array, both) for array in scores]
    best = [array.argmax(axis=1) for array in scores]
    return [
        path if _is_valid(path) else _viterbi(array, _VALID)
        for path, array in zip(best, scores, strict=True)
    ]


def transition_scores(paths: Iterable[Tags]) -> Scores:
    """Return log P(tag | tag in front) / P(tag) in `paths`: shape (n_tags, n_tags).

    A row is for the tag in front, "O" before the first; a tag below 0 is not known. One is added
    to every count, so that what was never seen is unlikely and not impossible.
    """
    counts = np.ones((len(TAGS), len(TAGS)))
    for path in paths:
        pairs = np.stack([_before(path), path])
        np.add.at(counts, tuple(pairs[:, (pairs >= 0).all(axis=0)]), 1)
    shares = counts.sum(axis=0) / counts.sum()
    following = counts / counts.sum(axis=1, keepdims=True)
    ratios: Scores = np.log(following / shares).astype(np.float32)
    return ratios


def _is_valid(path: Tags) -> bool:
    previous = _before(path)
    inside = (path > 0) & (path % 2 == 0)
    return bool(((previous == path) | (previous == path - 1))[inside].all())


def _before(path: Tags) -> Tags:
    """Return the tag in front of each, "O" before the first."""
    return np.concatenate([[_OUTSIDE], path])[:-1]


def _valid_transitions() -> NDArray[np.float64]:
    """Return 0 where the second tag may follow the first, else _IMPOSSIBLE."""
    matrix = np.zeros((len(TAGS), len(TAGS)))
    for inside in range(2, len(TAGS), 2):
        matrix[:, inside] = _IMPOSSIBLE
        matrix[[inside - 1, inside], inside] = 0
    return matrix


_VALID: Final = _valid_transitions()


def _viterbi(scores: Scores, transitions: NDArray[np.float64]) -> Tags:
    """Return the best path, by the Viterbi that comes with the word segmenter.

    It knows no tag in front of the first: that one's transition is added to its scores.
    """
    from spacy_pkuseg.inference import run_viterbi  # training.distil goes without

    if not len(scores):
        return np.zeros(0, dtype=np.int64)
    nodes = scores.astype(np.float64)
    nodes[0] += transitions[_OUTSIDE]
    _, path = run_viterbi(nodes, transitions)
    return cast(Tags, path.astype(np.int64))


def tag_spans(path: Tags) -> list[tuple[int, int, str]]:
    """Return the entities of a valid path: first token, token after the last, label."""
    tags = np.asarray(path)
    begins = np.flatnonzero(tags % 2)
    spans = []
    for begin in begins:
        end = begin + 1
        while end < len(tags) and tags[end] == tags[begin] + 1:
            end += 1
        spans.append((int(begin), int(end), LABELS[(tags[begin] - 1) // 2]))
    return spans
