"""Mentions of one name in a text share what the network says of each, as a reader would."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zhinvest.labels import LABELS
from zhinvest.tags import Scores, Tags

Keys = NDArray[np.uint64]

_NAMES: Final = [1 + 2 * LABELS.index(label) for label in ("ORG", "PLACE")]
"""Tags that begin a name."""

_SHORTEST: Final = 2
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)


def share(scores: Scores, keys: Keys, path: Tags, weight: float) -> Scores:
    """Return scores in which the mentions of one name are alike; `scores` if no name has two.

    A name is an organisation or place of two tokens and more in `path`. It is mentioned wherever
    its tokens stand in a row, unless an entity of `path` begins in front of them and goes on among
    them, or goes on behind them. At each mention a token's scores become their mean over all
    mentions, to the share `weight`.

    Args:
        scores: Of shape (n_tokens, n_tags).
        keys: Equal for equal tokens: shape (n_tokens,).
        path: A valid path of tags, the best through `scores`: shape (n_tokens,).
        weight: From 0 (each by itself) to 1 (all the same).

    Source: Krishnan and Manning 2006, An effective two-stage model for exploiting non-local
    dependencies in named entity recognition, https://aclanthology.org/P06-1141/.
    """
    result = scores
    for places in _mentions(keys, path):
        result = scores.copy() if result is scores else result
        result[places] += weight * (result[places].mean(axis=0) - result[places])
    return result


def _mentions(keys: Keys, path: Tags) -> Iterator[NDArray[np.intp]]:
    """Yield for each name the tokens of its mentions: shape (n_mentions, n_tokens).

    Short names come first.
    """
    is_bound = np.append((path % 2 == 1) | (path == 0), True)
    bounds = np.flatnonzero(is_bound)
    starts = np.flatnonzero(np.isin(path, _NAMES))
    sizes = bounds[np.searchsorted(bounds, starts, "right")] - starts
    starts, sizes = starts[sizes >= _SHORTEST], sizes[sizes >= _SHORTEST]
    pairs = keys[:-1] * _ODD + keys[1:]
    order = np.argsort(pairs, kind="stable")
    low, high = (np.searchsorted(pairs, pairs[starts], side, order) for side in ("left", "right"))
    repeated = high - low > 1
    found = {
        keys[start : start + size].tobytes(): (size, first, last)
        for start, size, first, last in zip(
            *(part[repeated].tolist() for part in (starts, sizes, low, high)), strict=True
        )
    }
    for name, (size, first, last) in sorted(found.items(), key=lambda item: item[1][0]):
        begins = order[first:last]
        begins = begins[begins + size <= len(keys)]
        begins = begins[is_bound[begins] & is_bound[begins + size]]
        places = begins[:, None] + np.arange(size)
        is_name = (keys[places] == np.frombuffer(name, dtype=keys.dtype)).all(axis=1)
        if is_name.sum() > 1:
            yield places[is_name]
