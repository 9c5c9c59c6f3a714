"""How much two texts have in common: the share of their sequences of eight characters.

Sequences are taken from the reading form of a text without blanks, so that a copy in the other
script, in full width or with other line breaks is still a copy.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from typing import Final

from zhinvest.normalise import normalise

LENGTH: Final = 8
SET_PHRASE: Final = 3
"""A sequence in this many texts of others is a set phrase of the trade, and nobody's text."""


@cache
def sequences(text: str) -> frozenset[str]:
    """Return the sequences of LENGTH characters of `text`; none where it is shorter."""
    reading = "".join(normalise(text).split())
    return frozenset(reading[i : i + LENGTH] for i in range(len(reading) - LENGTH + 1))


def shared(texts: Sequence[frozenset[str]]) -> dict[tuple[int, int], float]:
    """Return, for every pair of `texts` (by index) with a common sequence, the share it has.

    The share is of the shorter text's sequences, between 0 and 1.
    """
    holders: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        for sequence in text:
            holders[sequence].append(index)
    common = Counter(pair for found in holders.values() for pair in combinations(found, 2))
    return {
        (first, second): count / min(len(texts[first]), len(texts[second]))
        for (first, second), count in common.items()
    }


def known(texts: Iterable[frozenset[str]]) -> set[str]:
    """Return the sequences of `texts` that are not set phrases."""
    counts = Counter(sequence for text in texts for sequence in text)
    return {sequence for sequence, count in counts.items() if count < SET_PHRASE}
