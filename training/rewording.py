"""Machine rewording: words swapped for what a thesaurus holds near, characters for look-alikes.

The pairs are in `data/rewording.tsv`: words and characters, for the text and for names. A program
that rewords knows no word boundaries (投产 in 投产出), and keeps to its choice within an article.
"""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from training.edits import OUTSIDE, Edit, rewrite, stretches
from training.tables import read_table
from zhinvest.documents import Document

_TABLE: Final = "rewording.tsv"
_NAMES: Final = ("ORG", "PLACE")
_SHORTEST_NAME: Final = 4
"""A shorter name with a character changed may no longer be one to a reader."""

_WORDS_IN_TEXT: Final = 0.75
_WORDS_IN_NAMES: Final = 0.4
_GLYPHS_IN_TEXT: Final = 0.12
_GLYPHS_IN_NAMES: Final = 0.12
"""Shares of the pairs that one article uses."""

_KEPT: Final = 0.1
"""Share of the places where a word in the text stays as it was."""


def reword(document: Document, rng: Random) -> Document:
    """Return `document` reworded; figures stay, and of a name at most one part changes."""
    words = _chosen("text", rng, _WORDS_IN_TEXT) | _chosen("glyph-text", rng, _GLYPHS_IN_TEXT)
    names = _chosen("name", rng, _WORDS_IN_NAMES) | _chosen("glyph-name", rng, _GLYPHS_IN_NAMES)
    edits: list[Edit] = []
    for start, end, label in stretches(document):
        if label == OUTSIDE:
            found = _swaps(document.text, start, end, words)
            edits += [edit for edit in found if rng.random() >= _KEPT]
        elif label in _NAMES and end - start >= _SHORTEST_NAME:
            edits += list(_swaps(document.text, start, end, names))[:1]
    return rewrite(document, edits)


def _chosen(key: str, rng: Random, share: float) -> dict[str, str]:
    return {old: new for old, new in read_table(_TABLE)[key] if rng.random() < share}


def _swaps(text: str, start: int, end: int, pairs: Mapping[str, str]) -> Iterator[Edit]:
    """Yield an edit for every word of `pairs` in `[start, end)`, of two at one place the longer."""
    if not pairs:
        return
    pattern = re.compile("|".join(sorted(map(re.escape, pairs), key=len, reverse=True)))
    for match in pattern.finditer(text, start, end):
        yield Edit(match.start(), match.end(), pairs[match[0]])
