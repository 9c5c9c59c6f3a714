"""Numbers as Chinese text writes them: `3.6万`, `1亿5000万`, `两亿五千万`, `三十几万`, `壹佰万`.

All arithmetic is in Decimal. The text is in reading form: simplified script, half width.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

DIGITS: Final = {
    **{digit: Decimal(value) for value, digit in enumerate("零一二三四五六七八九")},
    **{digit: Decimal(value) for value, digit in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    **{"两": Decimal(2), "俩": Decimal(2), "幺": Decimal(1), "○": Decimal(0)},
}
SMALL: Final = {
    **{"十": Decimal(10), "百": Decimal(100), "千": Decimal(1000)},
    **{"拾": Decimal(10), "佰": Decimal(100), "仟": Decimal(1000)},
}
LARGE: Final = {
    **{"万": Decimal(10) ** 4, "亿": Decimal(10) ** 8, "兆": Decimal(10) ** 12},
    **{"million": Decimal(10) ** 6, "billion": Decimal(10) ** 9, "trillion": Decimal(10) ** 12},
}

SEVERAL: Final = (Decimal(2), Decimal(9))
"""What 数 and 几 in the place of a digit stand for: FIGURES.md."""

_HALF: Final = Decimal("0.5")
_UNITS: Final = ("十", "百", "千", "万", "亿")
"""What numbers are written with beside digits, in everyday characters."""
_NEIGHBOURS: Final = 2
"""Two digits that are no further apart are the ends of a range: 三四百, 三五百."""
_HAN: Final = "".join(DIGITS)
_TOKEN: Final = re.compile(
    rf"""
      (?P<arabic>
        \d{{1,3}} (?:,\d{{3,4}})+ (?:\.\d+)? (?!\d)
        | (?! \d+[,、·。]\d{{3}}(?!\d) ) (?: \d+ (?=、\d+\.\d) | \d+ (?:[.,、·。]\d+)? )
      )
    | (?P<pair> [{_HAN}]、[{_HAN}] (?=[{"".join(_UNITS)}]) )
    | (?P<decimal> [{_HAN}]+ 点 [{_HAN}]+ )
    | (?P<han> [{_HAN}]+ )
    | (?P<small> [{"".join(SMALL)}] (?![瓦升克米伏]) )
    | (?P<large> [万亿] | 兆 (?![瓦伏赫字比帕乏]) | million | billion | trillion )
    | (?P<several> 几 (?!内亚) | 数 )
    | (?P<more> [多余] )
    | (?P<about> 来 (?! [自源回看说] | $ ) )
    | (?P<above> 上 (?=[{"".join(_UNITS)}]) )
    | (?P<half> 半 )
    | (?P<filler> 个 (?=[半多余来]?[万亿]) )
    """,
    re.VERBOSE | re.ASCII,
)


_INNER: Final = ("about", "more", "filler")
"""Tokens that stand behind others only; `above` stands in front of all."""

_PLAIN: Final = re.compile(
    rf"([0-9]+(?:\.[0-9]+)?)([万亿]?)(?![0-9.,、·。十百千万亿拾佰仟多余兆几数来半个点{_HAN}bmt])"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or the two ends of a vague one, and where it ends in the text it stands in."""

    low: Decimal
    high: Decimal
    end: int
    bound: str | None = None
    """`more_than` for 多, 余, 上 and 十几; `about` for 来; None where the number says neither."""
    scaled: bool = False
    """Whether it has a magnitude of its own: 万, 亿."""
    magnitudes: tuple[Decimal, ...] = ()
    """What the other end of a range or list may share of it: 千万, else 万."""

    def times(self, factor: Decimal) -> "Number":
        """Return the number multiplied by `factor`."""
        return replace(self, low=self.low * factor, high=self.high * factor)


@dataclass(frozen=True, slots=True)
class _Part:
    """A token: its kind, and its value, or the lower and upper value of a vague digit."""

    kind: str
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    colloquial: bool = False
    """A single digit, which behind a unit counts tenths of it: 三万五, 一百二."""


def read_number(text: str, start: int = 0) -> Number | None:
    """Read the number that begins at `start`; None where there is none."""
    if plain := _PLAIN.match(text, start):  # what most numbers are, read without more ado
        large = LARGE.get(plain[2])
        value = Decimal(plain[1]) * (large or 1)
        return Number(value, value, plain.end(), None, bool(large), (large,) if large else ())
    return _read_parts(text, start)


def _read_parts(text: str, start: int) -> Number | None:
    parts: list[_Part] = []
    end, bound = start, None
    while match := _TOKEN.match(text, end):
        kind, token = match.lastgroup or "", match.group()
        if (kind == "above" and parts) or (kind in _INNER and not parts):
            break
        if token in ("两", "俩") and parts and text[match.end() : match.end() + 1] not in _UNITS:
            break  # 20万两: taels, no digit
        if kind == "more" or (kind == "several" and _follows_number(parts, text, match.end())):
            bound = "more_than"
        elif kind in ("above", "about"):
            bound = "more_than" if kind == "above" else "about"
        elif kind != "filler":
            parts.append(_part(kind, token))
        end = match.end()
    if not parts:
        return None
    large = [part.low for part in parts if part.kind == "large"]
    if large[-2:] == [LARGE["亿"]] * 2:
        return None
    return Number(
        _value([part.low for part in parts], parts),
        _value([part.high for part in parts], parts),
        end,
        bound,
        bool(large),
        _magnitudes(parts),
    )


def _follows_number(parts: Sequence[_Part], text: str, end: int) -> bool:
    """Say whether 几 or 数 stands for digits left out (十几), not for one before a unit (几十)."""
    return bool(parts) and parts[-1].kind in ("small", "digit") and text[end : end + 1] not in SMALL


def _part(kind: str, token: str) -> _Part:
    if kind == "han":
        return _han(token)
    if kind == "arabic":
        value = _arabic(token)
        return _Part("digit", value, value, colloquial=len(token) == 1)
    if kind == "decimal":
        whole, _, rest = token.partition("点")
        value = Decimal(f"{_positional(whole)}.{_positional(rest)}")
        return _Part("digit", value, value)
    low, high = _ends(kind, token)
    return _Part("digit" if kind in ("pair", "several") else kind, low, high)


def _ends(kind: str, token: str) -> tuple[Decimal, Decimal]:
    """Return the lower and the upper value of a token that is no plain number."""
    if kind == "several":
        return SEVERAL
    if kind == "pair":
        return DIGITS[token[0]], DIGITS[token[-1]]
    value = _HALF if kind == "half" else {**SMALL, **LARGE}[token]
    return value, value


def _arabic(token: str) -> Decimal:
    """Read digits with separators; a mark before other than three digits is a decimal point.

    Before three digits it may stand for either (`1、440`), which `_TOKEN` takes for no number.
    """
    if re.fullmatch(r"\d{1,3}(?:,\d{3,4})+(?:\.\d+)?", token):
        return Decimal(token.replace(",", ""))
    return Decimal(re.sub("[,、·。]", ".", token))


def _han(token: str) -> _Part:
    """Read Han digits: one, two neighbours before a unit (三四百: a range), or positional ones."""
    digits = [DIGITS[character] for character in token]
    if len(digits) == len(SEVERAL) and 0 < digits[0] < digits[1] <= digits[0] + _NEIGHBOURS:
        return _Part("digit", digits[0], digits[1])
    value = Decimal(_positional(token))
    return _Part("digit", value, value, colloquial=len(digits) == 1)


def _positional(token: str) -> str:
    return "".join(str(DIGITS[character]) for character in token)


def _value(values: Sequence[Decimal], parts: Sequence[_Part]) -> Decimal:
    """Add up sections: digits times small units, each section times its large unit."""
    total = section = Decimal(0)
    digit: Decimal | None = None
    unit, largest = Decimal(1), Decimal(0)
    for value, part in zip(values, parts, strict=True):
        if part.kind == "small":
            section += (Decimal(1) if digit is None else digit) * value
            digit, unit = None, value
        elif part.kind == "large":
            if part is parts[0]:  # a bare magnitude is one of it
                section = Decimal(1)
            section += digit or 0
            if value >= largest > 0 or (not section and digit is None):
                total = (total + section) * value
            else:
                total += section * value
            section, digit, unit, largest = Decimal(0), None, value, value
        elif part.kind == "half":
            if digit is None and (section or total):
                section += value * unit
            else:
                digit = (digit or 0) + value
        else:
            digit = value
    if digit is not None:
        last = parts[-1]
        colloquial = last.colloquial and unit > 1 and digit and not _after_zero(parts)
        section += digit * unit / 10 if colloquial else digit
    return total + section


def _after_zero(parts: Sequence[_Part]) -> bool:
    return len(parts) > 1 and parts[-2].kind == "digit"


def _magnitudes(parts: Sequence[_Part]) -> tuple[Decimal, ...]:
    """Return the units at the end of a number, multiplied, and with ever fewer of the first."""
    units: list[Decimal] = []
    for part in reversed(parts):
        if part.kind not in ("small", "large"):
            break
        units.append((units[-1] if units else Decimal(1)) * part.low)
    return tuple(reversed(units))
