"""The grammar of a span: numbers, units, ranges, products and compounds, no context.

The span is in reading form: simplified script, half width, no blanks.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from zhinvest.figures.numerals import Number, read_number
from zhinvest.figures.tables import (
    BEHIND,
    FRONT,
    Unit,
    bound_words,
    bounds,
    currencies,
    one_of,
    units,
)

UNNAMED: Final = "unnamed"
"""A period that the contract has no name for: what it governs is read as nothing, not a total."""

PERIODS: Final = {
    **dict.fromkeys(("年", "a", "y", "yr", "year"), "year"),
    **dict.fromkeys(("月", "month"), "month"),
    **dict.fromkeys(("周", "星期", "week"), "week"),
    **dict.fromkeys(("日", "天", "d", "day"), "day"),
    **dict.fromkeys(("小时", "时", "h", "hr", "hour"), "hour"),
    **dict.fromkeys(("半年", "季", "季度", "旬", "quarter"), UNNAMED),
    **dict.fromkeys(("分钟", "min", "minute", "秒", "秒钟", "s", "sec", "second"), UNNAMED),
}
"""The period that a word behind a sign of division means."""

_PERIOD: Final = re.compile(rf"(?:/每?|每|p\.?)({one_of(tuple(PERIODS))})(?![a-z])", re.IGNORECASE)
_DASH: Final = re.compile(r"至|到|([-‐‑‒–—―─~∼〜])\1*")
_TIMES: Final = re.compile("[×xX*✕╳]")
_COMPOUND: Final = re.compile(r"[/+](?=[0-9])")
_ANY_UNIT: Final = re.compile(
    r"(?!至|到|以|左右|多|余|[一二两三四五六七八九十百千万亿几数])"
    r"(?:[\u4e00-\u9fff]{1,4}?(?<!半)(?=/|每|至|到|[-–—~]|$)|[A-Za-z]{1,8}[23²³]?(?=/|$))"
)
_MONEY_TAIL: Final = re.compile("[整正]|人民币|钱")
_HALF: Final = Decimal("0.5")
_LARGE: Final = Decimal(10) ** 4
_MINUS: Final = ("-", "−", "负")
_DIGITS: Final = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and period, where the span states them."""

    number: Number
    unit: Unit | None = None
    period: str | None = None

    def completed(self, other: "Quantity", *, rising: bool) -> "Quantity":
        """Return this quantity with what it lacks taken from `other`, which follows it.

        A magnitude is shared where the number has none of its own (`12-15亿`); where the numbers
        must rise, as in a range, only if this one stays below the other (`500-1万`).
        """
        if self.unit is not None:
            return self
        number = self.number
        shared = other.number.magnitudes if not number.scaled else ()
        if number.magnitudes:  # 数百、上千元 have each their own, 三百到五百万 share 万
            shared = tuple(magnitude for magnitude in shared[-1:] if magnitude >= _LARGE)
        for magnitude in shared:
            if not rising or number.low * magnitude <= other.number.high:
                number = replace(number.times(magnitude), scaled=True)
                break
        return Quantity(number, other.unit, self.period or other.period)


@dataclass(frozen=True, slots=True)
class Expression:
    """What one part of a span says: a quantity, or the two ends of a range."""

    first: Quantity
    last: Quantity | None = None
    bound: str | None = None
    """The bound that a word in the span itself sets."""

    @property
    def last_unit(self) -> Unit | None:
        """The unit that stands last."""
        return (self.last or self.first).unit


@lru_cache(maxsize=4096)
def read_span(span: str, label: str) -> tuple[Expression, ...]:
    """Read a span; nothing where one part of it is not understood."""
    parts = [_expression(part, label) for part in _COMPOUND.split(span)]
    found = [part for part in parts if part]
    whole = len(found) == len(parts) and (len(parts) == 1 or all(part.last_unit for part in found))
    return tuple(found) if whole else ()


def read_quantity(text: str, label: str, start: int = 0) -> Quantity | None:
    """Read the quantity at `start` of `text`, whatever follows it."""
    found = _quantity(text, label, start)
    return found[0] if found else None


@cache
def _edges() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(f"好?({bound_words(FRONT)})?好?"), re.compile(f"({bound_words(BEHIND)})$")


def _named(text: str, label: str, start: int) -> tuple[Unit, int] | None:
    """Return the unit or currency that stands at `start`, perhaps behind 个, and its end."""
    names = currencies() if label == "MONEY" else units()
    found = names.at(text, start)
    return found or (names.at(text, start + 1) if text.startswith("个", start) else None)


def _expression(part: str, label: str) -> Expression | None:
    front, behind = _edges()
    before = front.match(part)
    start = before.end() if before else 0
    bound = bounds(FRONT)[before[1]] if before and before[1] else None
    found = _quantity(part, label, start)
    if found is None:
        return None
    first, end = found
    if end < len(part) and (dash := _DASH.match(part, end)):
        return _range(first, part, label, dash.end())
    if (rest := behind.fullmatch(part[end:])) is not None:
        return Expression(first, bound=bound or bounds(BEHIND)[rest[1]])
    return Expression(first, bound=bound) if end == len(part) else None


def _range(first: Quantity, part: str, label: str, start: int) -> Expression | None:
    found = _quantity(part, label, start)
    if found is None or found[1] < len(part):
        return None
    return Expression(first.completed(found[0], rising=True), found[0])


def _quantity(text: str, label: str, start: int) -> tuple[Quantity, int] | None:
    """Return the quantity at `start` and where it ends."""
    sign, start = _sign(text, start)
    prefix: Unit | None = None
    in_front = label == "MONEY" and text[start : start + 1] not in _DIGITS
    if in_front and (found := _named(text, label, start)):
        prefix, start = found
        after, start = _sign(text, start)
        sign *= after
    number = _product(text, start)
    if number is None:
        return None
    number, end = number.times(Decimal(sign)), number.end
    unit, end = _unit(text, label, end)
    if unit and text.startswith("半", end):
        number, end = replace(number, low=number.low + _HALF, high=number.high + _HALF), end + 1
    if (times := _TIMES.match(text, end)) and (factor := read_number(text, times.end())):
        number, end = number.times(factor.low), factor.end
    if label == "MONEY":
        number, end = _parts_of_money(text, number, unit, end)
        if match := _MONEY_TAIL.match(text, end):
            end = match.end()
        if prefix and (unit is None or unit.base == "CNY"):
            unit = Unit(prefix.base, unit.factor if unit else prefix.factor)
    period = None
    if match := _PERIOD.match(text, end):
        period, end = PERIODS[match[1].lower()], match.end()
    return Quantity(number, unit, period), end


def _sign(text: str, start: int) -> tuple[int, int]:
    """Return -1 or 1, and where the number behind a sign begins."""
    return (-1, start + 1) if text[start : start + 1] in _MINUS else (1, start)


def _product(text: str, start: int) -> Number | None:
    """Read a number, or several joined by a sign of multiplication."""
    number = read_number(text, start)
    while number and (times := _TIMES.match(text, number.end)):
        other = read_number(text, times.end())
        if other is None:
            return number
        number = replace(other, low=number.low * other.low, high=number.high * other.high)
    return number


def _unit(text: str, label: str, start: int) -> tuple[Unit | None, int]:
    longest = _named(text, label, start)
    if label == "CAPACITY":
        other = _ANY_UNIT.match(text, start)
        if other and other.end() > (longest[1] if longest else start):
            return Unit(other.group()), other.end()
    return longest or (None, start)


def _parts_of_money(text: str, number: Number, unit: Unit | None, end: int) -> tuple[Number, int]:
    """Add what follows in smaller parts: `46块5毛`, `7块8`, `一角八分`, `两美元又三美分`."""
    last = unit
    while unit and last and (smaller := read_number(text, end + text.startswith("又", end))):
        part, after = _unit(text, "MONEY", smaller.end)
        if part is None and after == len(text) and last.base == "CNY":
            part = Unit("CNY", last.factor / 10)
        if part is None or part.base != last.base or part.factor >= last.factor:
            break
        added = smaller.low * part.factor / unit.factor
        number = replace(number, low=number.low + added, high=number.high + added)
        last, end = part, after
    return number, end
