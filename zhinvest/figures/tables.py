"""The tables in `data/`: units of capacity, currencies, and words that set bounds."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

FRONT: Final = "before"
BEHIND: Final = "behind"


@dataclass(frozen=True, slots=True)
class Unit:
    """A base unit or an ISO 4217 code, and what one of the unit as written is worth in it."""

    base: str
    factor: Decimal = Decimal(1)


class Names:
    """Names in a table, looked up as the longest that a text has at a place."""

    def __init__(self, table: dict[str, Unit]) -> None:
        self._table = dict(table)
        for name, unit in table.items():
            self._table.setdefault(name.lower(), unit)
        self._longest = max(map(len, table))

    def __iter__(self) -> Iterator[tuple[str, Unit]]:
        return iter(self._table.items())

    def at(self, text: str, start: int) -> tuple[Unit, int] | None:
        """Return the unit whose name is the longest at `start` of `text`, and where it ends.

        Latin letters count as written, else whatever their case: P, but GWH and gwh. A name does
        not end within a Latin word.
        """
        for end in range(min(start + self._longest, len(text)), start, -1):
            name = text[start:end]
            unit = self._table.get(name) or (
                self._table.get(name.lower()) if name.isascii() else None
            )
            if unit and not (_is_latin(name[-1]) and _is_latin(text[end : end + 1])):
                return unit, end
        return None


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


@cache
def units() -> Names:
    """Return the units of capacity."""
    return Names({name: Unit(base, Decimal(f)) for name, base, f, *_ in _rows("units.tsv")})


@cache
def currencies() -> Names:
    """Return the currencies and their parts, by name and sign."""
    return Names({name: Unit(code, Decimal(f)) for name, code, f in _rows("currencies.tsv")})


@cache
def bounds(place: str) -> Mapping[str, str]:
    """Return the bound that each word sets where it stands in `place`: FRONT or BEHIND."""
    return {word: bound for word, bound, where, *_ in _rows("bounds.tsv") if where == place}


@cache
def bound_words(place: str) -> str:
    """Return a regular expression for a word that sets a bound, and is no part of another."""
    rows = [row for row in _rows("bounds.tsv") if row[2] == place]
    rows.sort(key=lambda row: len(row[0]), reverse=True)
    return "|".join(_alone(place, word, *others) for word, _, _, *others in rows)


def _alone(place: str, word: str, others: str = "") -> str:
    if not others:
        return re.escape(word)
    return f"(?<![{others}]){word}" if place == FRONT else f"{word}(?![{others}])"


@cache
def one_of(words: Iterable[str]) -> str:
    """Return a regular expression for one of `words`, the longest that fits."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _rows(name: str) -> Iterator[list[str]]:
    text = (files("zhinvest.figures") / "data" / name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
