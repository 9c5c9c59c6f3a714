"""What copying and conversion do to type: full width, stray tags, broken lines and spaces."""

import re
from random import Random
from typing import Final

from training.edits import Edit, insertion, rewrite
from zhinvest.documents import Document
from zhinvest.normalise import HAN

_DIGIT: Final = "[0-9０-９]"
_DIGIT_JOINT: Final = re.compile(rf"(?<={HAN})(?={_DIGIT})|(?<={_DIGIT})(?={HAN})")
_HAN_JOINT: Final = re.compile(rf"(?<={HAN})(?={HAN})")
_JOINT: Final = re.compile(f"{_HAN_JOINT.pattern}|{_DIGIT_JOINT.pattern}")
"""Places where a break or a space may come: never within digits, letters or a gloss."""

_LINE: Final = re.compile(r"\S(?:[^\n]*\S)?")
_CHUNK: Final = re.compile("[!-~]+")
_NUMBER: Final = "(?:[0-9]+(?:[.,][0-9]+)*)?"
_NARROW: Final = re.compile(
    f"{_NUMBER}[A-Za-z]{{0,4}}(?:[/~-]{_NUMBER}[A-Za-z]{{0,4}})?%?", re.ASCII
)
_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code) not in ",/"}
_LEFT_NARROW: Final = 0.2

_OPENING_TAGS: Final = ("<p>", "&nbsp;&nbsp;", "<p>&nbsp;&nbsp;&nbsp;&nbsp;", "<div>", "&emsp;")
_CLOSING_TAGS: Final = ("</p>", "<br/>", "<br>", "</div>", "?/p>", "&nbsp;")
_INNER_TAGS: Final = ("&nbsp;", "<br/>", "</strong><strong>", "<span>", "&ensp;")
_NAMED: Final = {
    "“": "&ldquo;",
    "”": "&rdquo;",
    "—": "&mdash;",
    "·": "&middot;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
}
_TAGGED_LINES: Final = 0.35
_TAGGED_ENTS: Final = 0.1
_TAGGED_JOINTS: Final = 0.02
_NAMED_MARKS: Final = 0.5
"""Shares of lines, of entities, of the places within them, and of articles with named marks."""

_SPACES: Final = (" ", " ", "\u3000", "  ")


def widen(document: Document, rng: Random) -> Document:
    """Return `document` with figures and short Latin words in full width, in most lines.

    Longer words (addresses, names), thousands separators and slashes stay as they are.
    """
    edits: list[Edit] = []
    for line in _LINE.finditer(document.text):
        if rng.random() < _LEFT_NARROW:
            continue
        for match in _CHUNK.finditer(document.text, *line.span()):
            if _NARROW.fullmatch(match[0]):
                wide = enumerate(match[0].translate(_FULL_WIDTH), start=match.start())
                edits += [Edit(place, place + 1, char) for place, char in wide]
    return rewrite(document, edits)


def tag(document: Document, rng: Random) -> Document:
    """Return `document` with stray tags, and marks written as HTML entities.

    Tags stand around lines and entities, and now and then within a name or a figure.
    """
    spans = [(start, end) for start, end, _ in document.ents]
    lines = [line.span() for line in _LINE.finditer(document.text)]
    edits = _before(lines, rng.choice(_OPENING_TAGS), rng, _TAGGED_LINES)
    for span in spans:
        if rng.random() < _TAGGED_ENTS:
            edits += [insertion(span[0], "<strong>"), insertion(span[1], "</strong>")]
        edits += _strew(document.text, _JOINT, span, rng.choice(_INNER_TAGS), rng, _TAGGED_JOINTS)
    edits += _before(
        [(end, end) for _, end in lines], rng.choice(_CLOSING_TAGS), rng, _TAGGED_LINES
    )
    if rng.random() < _NAMED_MARKS:
        named = re.finditer(f"[{''.join(_NAMED)}]", document.text)
        edits += [Edit(match.start(), match.end(), _NAMED[match[0]]) for match in named]
    return rewrite(document, edits)


def _before(spans: list[tuple[int, int]], put: str, rng: Random, share: float) -> list[Edit]:
    return [insertion(start, put) for start, _ in spans if rng.random() < share]


def _strew(
    text: str, joint: re.Pattern[str], span: tuple[int, int], put: str, rng: Random, share: float
) -> list[Edit]:
    """Return insertions of `put` in a share of the joints strictly within `span`."""
    places = (match.start() for match in joint.finditer(text, *span))
    return [insertion(at, put) for at in places if span[0] < at < span[1] and rng.random() < share]


def wrap(document: Document, rng: Random) -> Document:
    """Return `document` with line breaks or spaces within its sentences, entities included.

    Lines are broken at a width (a printed page), or breaks and spaces are strewn, or figures
    stand between spaces. None comes to stand within a word of letters or digits.
    """
    style = rng.choice((_broken, _strewn, _spaced))
    return rewrite(document, style(document.text, rng))


def _broken(text: str, rng: Random) -> list[Edit]:
    width = rng.randint(22, 42)
    edits: list[Edit] = []
    for line in _LINE.finditer(text):
        last = line.start()
        for match in _JOINT.finditer(text, *line.span()):
            if match.start() - last >= width:
                edits.append(insertion(match.start(), "\n"))
                last = match.start()
    return edits


def _strewn(text: str, rng: Random) -> list[Edit]:
    whole = (0, len(text))
    breaks = _strew(text, _HAN_JOINT, whole, "\n", rng, 0.006)
    return breaks + _strew(text, _JOINT, whole, rng.choice(_SPACES), rng, 0.015)


def _spaced(text: str, rng: Random) -> list[Edit]:
    whole = (0, len(text))
    strewn = _strew(text, _HAN_JOINT, whole, " ", rng, 0.006)
    return strewn + _strew(text, _DIGIT_JOINT, whole, " ", rng, 0.95)
