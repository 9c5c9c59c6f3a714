"""`read_figure`: what a MONEY or CAPACITY span means as numbers, by the contract in FIGURES.md."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal, TypedDict

from zhinvest.figures.context import (
    bound_before,
    bound_behind,
    currency_around,
    period_of,
    shared_with,
)
from zhinvest.figures.quantities import UNNAMED, Expression, Quantity, read_span
from zhinvest.figures.tables import Unit
from zhinvest.files import without_surrogates
from zhinvest.normalise import unify, without_markup

FIGURE_LABELS: Final = ("MONEY", "CAPACITY")
FIGURE_KEYS: Final[tuple[Literal["low", "high", "unit", "period", "bound"], ...]] = (
    *("low", "high", "unit", "period", "bound"),
)
"""The keys of a Figure, in the order in which they are written."""
BEFORE: Final = 50
"""Characters in front of a span that are looked at for bound and period."""
BEHIND: Final = 25
"""Characters behind a span that are looked at for bound and what a list shares."""

_LONGEST: Final = 120
"""A span with more characters is no figure."""
_BLANKS: Final = re.compile(r"[\s\u200b-\u200f\ufeff]+|\(不?含\)")
_BLANKS_IN_LINE: Final = re.compile(r"[^\S\n]+")
_MENDED: Final = {"O": "0", "廿": "二十", "卅": "三十"}
_SLIPS: Final = re.compile(r"(?<=[0-9])[Oo](?=[0-9万亿])|廿|卅")
"""What a reader corrects in a number without a thought, and old signs for tens."""
_CUT: Final = "\0"
_DEFAULTS: Final = {"MONEY": Unit("CNY"), "CAPACITY": Unit("")}


class Figure(TypedDict):
    """One reading, as plain JSON: see FIGURES.md."""

    low: str | None
    high: str | None
    unit: str
    period: str | None
    bound: str


def read_figure(text: str, start: int, end: int, label: str) -> list[Figure]:
    """Read the span `text[start:end]`; an empty list where it cannot be read.

    Args:
        text: The whole text, as supplied.
        start: Character offset of the span.
        end: Its end, exclusive.
        label: MONEY or CAPACITY.

    Raises:
        ValueError: the label is another one, or the offsets lie outside the text.
    """
    if label not in FIGURE_LABELS:
        raise ValueError(f"label must be one of {', '.join(FIGURE_LABELS)}, found {label!r}")
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"offsets {start}:{end} outside the text of {len(text)} characters")
    if end - start > _LONGEST:
        return []
    before, span, after = _window(text, start, end)
    readings = [_figure(part, before, after, label) for part in read_span(span, label)]
    return [] if any(reading["period"] == UNNAMED for reading in readings) else readings


def _window(text: str, start: int, end: int) -> list[str]:
    """Return the words in front, the span and the words behind, in reading form.

    Blanks and markup are left out, slips in the span are mended, and line breaks around it stay.
    """
    parts = (text[max(0, start - BEFORE) : start], text[start:end], text[end : end + BEHIND])
    joined = _CUT.join(without_markup(part).replace(_CUT, " ") for part in parts)
    unified = unify(without_surrogates(joined))
    before, span, after = _BLANKS_IN_LINE.sub("", unified).split(_CUT)
    return [before, _SLIPS.sub(_mended, _BLANKS.sub("", span)), after]


def _mended(slip: re.Match[str]) -> str:
    return _MENDED[slip.group().upper()]


def _figure(part: Expression, before: str, after: str, label: str) -> Figure:
    first, last = part.first, part.last or part.first
    if last.unit is None:
        shared = shared_with(after, label)
        if label == "MONEY" and shared and shared.unit and last.number.scaled:
            shared = shared if shared.unit.factor == 1 else None  # 6000万,一分没少
        last = (
            last.completed(shared, rising=False) if shared else replace(last, unit=_DEFAULTS[label])
        )
    if part.last is None:
        first = last
    elif first.unit is None:
        first = first.completed(last, rising=True)
    low, high = sorted((_worth(first)[0], _worth(last)[1]))
    bound = "range" if part.last or low != high else _bound(part, before, after)
    assert last.unit
    unit = last.unit.base
    if unit == "CNY":
        unit = currency_around(before, after) or unit
    return {
        "low": None if bound in ("less_than", "at_most") else _decimal(low),
        "high": None if bound in ("more_than", "at_least") else _decimal(high),
        "unit": unit,
        "period": last.period or first.period or period_of(before, after, label),
        "bound": bound,
    }


def _bound(part: Expression, before: str, after: str) -> str:
    """Return what the word nearest to the number says: in the span, in front, behind."""
    own = part.first.number.bound or part.bound
    return own or bound_before(before) or bound_behind(after) or "exact"


def _worth(quantity: Quantity) -> tuple[Decimal, Decimal]:
    """Return both ends of the number in the base unit."""
    assert quantity.unit
    factor = quantity.unit.factor
    return quantity.number.low * factor, quantity.number.high * factor


def _decimal(value: Decimal) -> str:
    """Return a number written out, without zeros at the end of its fraction."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
