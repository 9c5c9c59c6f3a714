"""Recognizers-Text (Microsoft): amounts of money and dimensions, which are capacities here."""

import warnings

from .common import Reader, Span, sentences

warnings.simplefilter("ignore", SyntaxWarning)


def load(_: str) -> Reader:
    """Return the reader; sentences are read one by one whatever the batch.

    A span without a number (a currency by itself) is none.
    """
    from recognizers_number_with_unit import Culture, recognize_currency, recognize_dimension

    readers = {"MONEY": recognize_currency, "CAPACITY": recognize_dimension}

    def read_text(text: str) -> list[Span]:
        return [
            (offset + found.start, offset + found.end + 1, label)
            for offset, piece in sentences(text)
            for label, recognize in readers.items()
            for found in recognize(piece, Culture.Chinese)
            if found.resolution and found.resolution.get("value") is not None
        ]

    return lambda texts, batch: [read_text(text) for text in texts]
