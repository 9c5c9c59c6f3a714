"""Recognizers-Text's reader of amounts: for each span (low, high, currency) instead of offsets."""

import warnings
from decimal import Decimal

from .common import Value, ValueReader, plain

warnings.simplefilter("ignore", SyntaxWarning)


def load(_: str) -> ValueReader:
    """Return the reader; a range is the amounts found in it, the first and the last."""
    from recognizers_number_with_unit import Culture, recognize_currency

    def read_span(text: str) -> list[Value]:
        found = [
            result.resolution
            for result in recognize_currency(text, Culture.Chinese)
            if result.resolution and result.resolution.get("value") is not None
        ]
        if not found:
            return []
        low, high = (plain(Decimal(found[place]["value"])) for place in (0, -1))
        return [(low, high, found[-1].get("isoCurrency") or "")]

    return lambda texts, batch: [read_span(text) for text in texts]
