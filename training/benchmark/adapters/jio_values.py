"""JioNLP's reader of amounts: for each span (low, high, currency) instead of offsets."""

import contextlib
import io
from decimal import Decimal

with contextlib.redirect_stdout(io.StringIO()):
    import jionlp

from .common import Value, ValueReader, plain

CODES = {
    "元": "CNY",
    "美元": "USD",
    "欧元": "EUR",
    "日元": "JPY",
    "港元": "HKD",
    "英镑": "GBP",
    "韩元": "KRW",
    "澳元": "AUD",
    "加元": "CAD",
    "卢布": "RUB",
    "瑞士法郎": "CHF",
    "新加坡元": "SGD",
    "泰铢": "THB",
    "卢比": "INR",
}


def load(_: str) -> ValueReader:
    """Return the reader."""

    def read_span(text: str) -> list[Value]:
        try:
            found = jionlp.parse_money(text)
        except (ValueError, TypeError, KeyError):
            return []
        ends = found["num"] if isinstance(found["num"], list) else [found["num"]] * 2
        low, high = (plain(Decimal(end)) for end in ends)
        return [(low, high, CODES.get(found["case"], found["case"]))]

    return lambda texts, batch: [read_span(text) for text in texts]
