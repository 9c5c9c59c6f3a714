"""What stands around an article on a web page: navigation, share buttons, headlines, advertising.

The pieces are in `data/furniture.tsv`, in the mark-up of drafts, so that names and figures in them
are entities. `{site}`, `{editor}` and `{channel}` are drawn from the same table, `#` is a digit
other than 0.
"""

import re
from collections.abc import Iterable
from random import Random
from typing import Final

from training.edits import Edit, rewrite
from training.markup import parse
from training.tables import read_table
from zhinvest.documents import Document

_TABLE: Final = "furniture.tsv"
_SLOTS: Final = ("site", "editor", "channel")
_DIGIT: Final = re.compile("#")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_ADVERTS: Final = ((1, 1, 0), (0, 1, 1), (0, 0, 2), (0, 2, 0), (1, 0, 2))
"""Pieces of advertising before, within and after an article."""


def furnish(document: Document, rng: Random) -> Document:
    """Return `document` as copied from a page with all that surrounds an article there.

    The lines of the article stay as they are; whole lines come before, between and after them.
    """
    draw = _Pieces(rng)
    head = [*draw("head", rng.randint(1, 2)), *draw("byline", rng.randint(0, 1))]
    headlines = draw("related", rng.choice((0, 2, 3, 4)))
    related = [*draw("related_title", 1), *headlines] if headlines else []
    foot = [*draw("foot", rng.randint(1, 3)), *related, *draw("copyright", 1)]
    return _around(document, rng, head, draw("inside", rng.randint(0, 2)), foot)


def advertise(document: Document, rng: Random) -> Document:
    """Return `document` with lines of advertising before, between and after its own."""
    head, inside, foot = rng.choice(_ADVERTS)
    adverts = _Pieces(rng)("advert", head + inside + foot)
    return _around(
        document, rng, adverts[:head], adverts[head : head + inside], adverts[head + inside :]
    )


class _Pieces:
    """Draws pieces of mark-up for one page: site, editor and channel are the same throughout."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._values = {slot: rng.choice(read_table(_TABLE)[slot])[0] for slot in _SLOTS}

    def __call__(self, key: str, size: int) -> list[str]:
        """Return `size` different pieces with their slots and digits filled."""
        pieces = self._rng.sample(read_table(_TABLE)[key], size)
        return [self._filled(piece) for (piece,) in pieces]

    def _filled(self, piece: str) -> str:
        filled = _SLOT.sub(lambda match: self._values[match[1]], piece)
        return _DIGIT.sub(lambda _: str(self._rng.randint(1, 9)), filled)


def _around(
    document: Document, rng: Random, head: list[str], inside: list[str], foot: list[str]
) -> Document:
    """Return `document` with marked-up lines put before, between and after its lines."""
    text = document.text
    breaks = [match.start() for match in re.finditer("\n", text) if _free(document, match.start())]
    places = rng.sample(breaks, min(len(inside), len(breaks)))
    foot = inside[len(places) :] + foot
    edits = [_lines(0, head, rng)] if head else []
    edits += [_lines(place, [piece], rng) for place, piece in zip(places, inside, strict=False)]
    edits += [_lines(len(text), foot, rng)] if foot else []
    return rewrite(document, edits)


def _free(document: Document, position: int) -> bool:
    return not any(start < position < end for start, end, _ in document.ents)


def _lines(position: int, pieces: Iterable[str], rng: Random) -> Edit:
    """Return the insertion of `pieces`, each a line: at 0 with breaks after, else before."""
    gap = rng.choice(("\n", "\n\n"))
    marked = "".join(f"{piece}{gap}" if position == 0 else f"{gap}{piece}" for piece in pieces)
    text, ents = parse(marked)
    return Edit(position, position, text, tuple(ents))
