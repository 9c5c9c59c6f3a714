"""Changes to the text of an annotated article that carry its entities along exactly.

Every noise is a list of edits; here, and only here, offsets are moved.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from zhinvest.documents import Document
from zhinvest.scorer import Span

OUTSIDE = ""
"""Label of a stretch between entities."""


@dataclass(frozen=True)
class Edit:
    """Characters `[start, end)` of a text give way to `text`, which may hold entities of its own.

    An edit of no characters inserts. At the edge of an entity it inserts outside the entity.
    """

    start: int
    end: int
    text: str
    ents: tuple[Span, ...] = ()


def insertion(position: int, text: str) -> Edit:
    """Return the edit that puts `text` before the character at `position`."""
    return Edit(position, position, text)


def stretches(document: Document) -> Iterator[Span]:
    """Yield the text of `document` in its order: every entity, and OUTSIDE what lies between."""
    last = 0
    for start, end, label in document.ents:
        if last < start:
            yield last, start, OUTSIDE
        yield start, end, label
        last = end
    if last < len(document.text):
        yield last, len(document.text), OUTSIDE


def rewrite(document: Document, edits: Iterable[Edit]) -> Document:
    """Return `document` with `edits` made, all of which refer to its text as it is.

    Insertions at one place keep their order.

    Raises:
        ValueError: edits overlap, or one crosses the edge of an entity or puts entities into
            one, or an entity would become empty or blank at an edge.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    _check_edits(document, ordered)
    text, last = "", 0
    for edit in ordered:
        text += document.text[last : edit.start] + edit.text
        last = edit.end
    noised = replace(
        document, text=text + document.text[last:], ents=_moved(document.ents, ordered)
    )
    _check_ents(noised)
    return noised


def _check_edits(document: Document, edits: Sequence[Edit]) -> None:
    for first, second in pairwise(edits):
        if second.start < first.end:
            raise ValueError(f"edits {first} and {second} overlap")
    starts = [edit.start for edit in edits]
    for ent in document.ents:
        for edge in ent[:2]:
            before = bisect_left(starts, edge) - 1
            if before >= 0 and edits[before].end > edge:
                raise ValueError(f"edit {edits[before]} crosses the edge of {list(ent)}")


def _moved(ents: Sequence[Span], edits: Sequence[Edit]) -> list[Span]:
    """Return where `ents` lie after the edits, with the entities that the edits bring."""
    starts, ends = [edit.start for edit in edits], [edit.end for edit in edits]
    grown = [0, *accumulate(len(edit.text) - (edit.end - edit.start) for edit in edits)]
    moved = [
        (start + grown[bisect_right(ends, start)], end + grown[bisect_left(starts, end)], label)
        for start, end, label in ents
    ]
    for edit, shift in zip(edits, grown, strict=False):
        base = edit.start + shift
        moved += [(base + start, base + end, label) for start, end, label in edit.ents]
    return sorted(moved)


def _check_ents(document: Document) -> None:
    for start, end, label in document.ents:
        surface = document.text[start:end]
        if not surface or surface != surface.strip():
            raise ValueError(f"{[start, end, label]} would be {surface!r}")
    for first, second in pairwise(document.ents):
        if second[0] < first[1]:
            raise ValueError(f"entities {list(first)} and {list(second)} would overlap")
