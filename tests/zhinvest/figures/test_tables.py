"""Tests of the tables: every factor against pint, every code against CLDR, words against the text.

The text is corpus/FIGURES.md, whose tables list the words that set a bound or a period.
"""

import re
from decimal import Decimal

import babel
import babel.numbers
import pint
import pytest

from tests.conftest import ROOT
from zhinvest.figures import read_figure
from zhinvest.figures.quantities import PERIODS, UNNAMED
from zhinvest.figures.tables import BEHIND, FRONT, Names, Unit, bounds, currencies, units

DATA = ROOT / "zhinvest/figures/data"
REGISTRY = pint.UnitRegistry(non_int_type=Decimal)
BASES = {
    "t": "metric_ton",
    "kWh": "kilowatt_hour",
    "kW": "kilowatt",
    "kVA": "kilovolt_ampere",
    "m3": "meter ** 3",
    "m2": "meter ** 2",
    "m": "meter",
}
"""The names in pint of the base units that it has."""


def rows(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def described(heading: str) -> dict[str, list[str]]:
    """Return the cells of a table in FIGURES.md, by the first cell of each row."""
    text = (ROOT / "corpus/FIGURES.md").read_text(encoding="utf-8")
    lines = text.partition(f"\n| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    table = [line.strip("| ").split(" | ") for line in lines]
    return {first.strip("`"): cells for first, *cells in table}


def words(cell: str) -> list[str]:
    return re.split("[,;] ", cell)


@pytest.mark.parametrize("row", [row for row in rows("units.tsv") if row[3:] and row[3]])
def test_factor_is_that_of_pint(row: list[str]) -> None:
    _, base, factor, name = row
    assert REGISTRY.Quantity(Decimal(1), name).to(BASES[base]).magnitude == pytest.approx(
        Decimal(factor)
    )


@pytest.mark.parametrize("row", rows("currencies.tsv"))
def test_code_is_one_of_iso_4217(row: list[str]) -> None:
    assert row[1] in babel.numbers.list_currencies()


def test_names_of_currencies_are_those_of_cldr() -> None:
    """Where CLDR gives one of our names to a currency, it is the same currency."""
    ours = {name: unit.base for name, unit in currencies()}
    names = babel.Locale("zh").currencies.items()
    theirs = {name: code for code, name in names if code in ours.values()}
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 40
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


@pytest.mark.parametrize("name", ["units.tsv", "currencies.tsv"])
def test_no_name_stands_twice(name: str) -> None:
    names = [row[0] for row in rows(name)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("place", [FRONT, BEHIND])
def test_bounds_are_known(place: str) -> None:
    known = {"about", "more_than", "at_least", "less_than", "at_most"}
    assert set(bounds(place).values()) <= known
    assert len(bounds(place)) > 10


def test_every_word_that_sets_a_bound_is_described() -> None:
    front, behind = set(), set()
    for bound, (_, cell) in described("bound").items():
        before, _, after = cell.partition("; behind: ")
        front |= {(word, bound) for word in words(before)}
        behind |= {(word, bound) for word in words(after)}
    assert set(bounds(FRONT).items()) <= front
    assert set(bounds(BEHIND).items()) <= behind


def test_every_word_behind_a_sign_of_division_is_described() -> None:
    told = {
        (word, UNNAMED if period == "no reading" else period)
        for period, (cell, _) in described("period").items()
        for word in words(cell)
    }
    assert told == set(PERIODS.items())


@pytest.mark.parametrize(
    ("word", "period"),
    [(word, period) for period, (_, cell) in described("period").items() for word in words(cell)],
)
def test_words_that_govern_set_the_period_described(word: str, period: str) -> None:
    text = f"{word}5台"
    found = [reading["period"] for reading in read_figure(text, len(word), len(text), "CAPACITY")]
    assert found == ([] if period == "no reading" else [period])


@pytest.mark.parametrize(
    ("text", "base", "factor", "end"),
    [
        ("GWh", "kWh", "1000000", 3),
        ("GWH", "kWh", "1000000", 3),
        ("gwh", "kWh", "1000000", 3),
        ("千瓦时", "kWh", "1", 3),
        ("千瓦", "kW", "1", 2),
        ("t", "t", "1", 1),
        ("P算力", "PFLOPS", "1", 3),
    ],
)
def test_the_longest_name_counts(text: str, base: str, factor: str, end: int) -> None:
    assert units().at(text, 0) == (Unit(base, Decimal(factor)), end)


@pytest.mark.parametrize("text", ["", "xyz", "Px", "tons"])
def test_no_name(text: str) -> None:
    assert units().at(text, 0) is None


def test_a_name_keeps_its_capitals_where_both_exist() -> None:
    names = Names({"p": Unit("a"), "P": Unit("b")})
    assert names.at("p", 0) == (Unit("a"), 1)
    assert names.at("P", 0) == (Unit("b"), 1)
