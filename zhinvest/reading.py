"""Texts of any length through a pipeline: cut where sentences end, spans put back together."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from spacy.language import Language

from zhinvest.files import without_surrogates
from zhinvest.scorer import Span, doc_spans

PIECE: Final = 4_000
"""Longest text, in characters, that goes through a pipeline in one Doc."""

_BREAKS: Final = ("\n", "。", "；", "，", " ")


def read_texts(
    nlp: Language, texts: Iterable[str], *, batch_size: int = 32
) -> Iterator[list[Span]]:
    """Yield the entities of each text, as spans of characters into the text as given.

    Lone surrogates are read as U+FFFD, so that offsets stay; nothing else is changed.
    """
    pieces = (
        (piece, (number, offset))
        for number, text in enumerate(texts)
        for offset, piece in cut_text(without_surrogates(text))
    )
    docs = nlp.pipe(pieces, as_tuples=True, batch_size=batch_size)
    for _, parts in groupby(docs, key=lambda part: part[1][0]):
        yield [
            (start + offset, end + offset, label)
            for doc, (_, offset) in parts
            for start, end, label in doc_spans(doc)
        ]


def cut_text(text: str, limit: int = PIECE) -> Iterator[tuple[int, str]]:
    """Yield (offset, piece) pairs that join to `text`, none longer than `limit` characters.

    A piece ends after the last line break, else full stop, else comma, in its second half.
    """
    start = 0
    while len(text) - start > limit:
        end = start + _break(text[start : start + limit])
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def _break(piece: str) -> int:
    half = len(piece) // 2
    positions = (piece.rfind(mark, half) for mark in _BREAKS)
    return next((position + 1 for position in positions if position >= 0), len(piece))
