"""What the adapters share: standard library only."""

import re
from collections.abc import Callable
from decimal import Decimal

Span = tuple[int, int, str]
Reader = Callable[[list[str], int], list[list[Span]]]

Value = tuple[str, str, str]
"""Both ends of an amount and its currency, of a text that is one amount."""
ValueReader = Callable[[list[str], int], list[list[Value]]]

_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]?")


def sentences(text: str, limit: int = 400) -> list[tuple[int, str]]:
    """Return (offset, sentence) pairs that join to `text`, for systems made for sentences."""
    found = []
    for match in _SENTENCE.finditer(text):
        for start in range(match.start(), match.end(), limit):
            found.append((start, text[start : min(start + limit, match.end())]))
    return found


def tagged_words(words: list[tuple[str, str]], labels: dict[str, str], offset: int) -> list[Span]:
    """Return the spans of the words whose tag is one of `labels`; words join to the text."""
    spans = []
    for word, tag in words:
        if tag in labels:
            spans.append((offset, offset + len(word), labels[tag]))
        offset += len(word)
    return spans


def plain(number: Decimal) -> str:
    """Return a number written out, without zeros at the end of its fraction."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
