"""Tests of measuring figures: shares, gross errors, peers, and gold that fits its articles."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from training.figures import GoldFigure, app, gross, peer_row, read_gold, shares
from zhinvest.documents import CorpusError, Document, write_documents
from zhinvest.figures import Figure

TEXT = "投资约12亿元，年产5万吨"
MONEY: Figure = {
    "low": "1200000000",
    "high": "1200000000",
    "unit": "CNY",
    "period": None,
    "bound": "about",
}
CAPACITY: Figure = {
    "low": "50000",
    "high": "50000",
    "unit": "t",
    "period": "year",
    "bound": "exact",
}
ROWS: list[dict[str, Any]] = [
    {"id": "a", "start": 3, "end": 7, "label": "MONEY", "readings": [MONEY]},
    {"id": "a", "start": 10, "end": 13, "label": "CAPACITY", "readings": [CAPACITY]},
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    articles, gold = tmp_path / "articles.jsonl", tmp_path / "figures.jsonl"
    write_documents(articles, [Document("a", TEXT, [(3, 7, "MONEY"), (10, 13, "CAPACITY")])])
    gold.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return articles, gold


def test_what_is_read_as_in_the_gold(files: tuple[Path, Path]) -> None:
    measured = shares(read_gold(*files))
    assert measured.pop("off by a factor of 10 or more") == 0
    assert set(measured.values()) == {1.0}


def test_shares_by_key() -> None:
    other: Figure = {**CAPACITY, "low": "500", "high": "500", "period": None}
    figures = [
        GoldFigure(TEXT, 3, 7, "MONEY", [MONEY]),
        GoldFigure(TEXT, 10, 13, "CAPACITY", [other]),
    ]
    measured = shares(figures)
    assert (measured["exact"], measured["low"], measured["unit"]) == (0.5, 0.5, 1.0)
    assert (measured["period"], measured["off by a factor of 10 or more"]) == (0.5, 1)


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [("5", "5", False), ("5", "49", False), ("5", "50", True), ("50", "5", True), ("0", "1", True)],
)
def test_gross(gold: str, found: str, expected: bool) -> None:
    one, other = ({**MONEY, "low": value, "high": value} for value in (gold, found))
    assert gross([one], [other]) is expected


def test_peers_are_asked_for_the_ends_that_are_stated() -> None:
    bound: Figure = {**MONEY, "high": None, "bound": "more_than"}
    amounts = [
        GoldFigure(TEXT, 3, 7, "MONEY", [MONEY]),
        GoldFigure(TEXT, 3, 7, "MONEY", [bound]),
    ]
    right = ("1200000000", "1200000000", "CNY")
    assert peer_row(amounts, [[right], [right]])["value and currency"] == 1
    row = peer_row(amounts, [[(*right[:2], "USD")], []])
    assert (row["value"], row["value and currency"]) == (0.5, 0)


def test_gold_that_belongs_to_no_span(files: tuple[Path, Path]) -> None:
    articles, gold = files
    gold.write_text(json.dumps({**ROWS[0], "start": 2}), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"figures.jsonl:1: no span \(2, 7, 'MONEY'\)"):
        read_gold(articles, gold)


def test_a_row_of_gold_that_lacks_something(files: tuple[Path, Path]) -> None:
    articles, gold = files
    gold.write_text(json.dumps({"id": "a", "start": 3, "end": 7}), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"figures.jsonl:1: lacks label, readings"):
        read_gold(articles, gold)


def test_commands(files: tuple[Path, Path]) -> None:
    articles, gold = map(str, files)
    result = CliRunner().invoke(app, ["evaluate", articles, gold, "--show"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["exact"] == 1
    result = CliRunner().invoke(app, ["agreement", gold, gold])
    assert json.loads(result.output) == {"spans": 2, "alike": 2}


@pytest.mark.parametrize("name", ["seeds/figures.jsonl", "corpus/web/dev.figures.jsonl"])
def test_committed_gold_has_the_keys_of_a_reading(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        assert set(row) == {"id", "start", "end", "label", "readings"}
        assert all(set(reading) == set(MONEY) for reading in row["readings"])
