"""Tests of scoring systems: only their labels count, approximators may be stripped."""

import pytest

from training.benchmark.accuracy import comparison_rows, readings_of, score_rows, strip
from training.benchmark.systems import Run, System
from zhinvest.documents import Document
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

TEXT = "青川重工投资约12亿元以上"
GOLD = [Document("a", TEXT, [(0, 4, "ORG"), (7, 11, "MONEY")])]


def run(*spans: Span) -> Run:
    return Run(1.0, 1.0, len(TEXT), 1.0, [list(spans)])


@pytest.mark.parametrize(
    ("span", "surface"),
    [((6, 11, "MONEY"), "12亿元"), ((6, 13, "MONEY"), "12亿元"), ((7, 11, "MONEY"), "12亿元")],
)
def test_strip(span: Span, surface: str) -> None:
    start, end, _ = strip(TEXT, span)
    assert TEXT[start:end] == surface


def test_other_labels_are_not_stripped() -> None:
    assert strip(TEXT, (6, 13, "PLACE")) == (6, 13, "PLACE")


def test_a_system_with_approximators_has_two_readings() -> None:
    system = System("jio", "jio", ["MONEY"], [], strip=True)
    readings = readings_of(system, GOLD, run((6, 11, "MONEY"), (0, 4, "ORG")))
    scores = {name: score_rows(system, articles) for name, articles in readings.items()}
    assert {name: row["MONEY"]["f"] for name, row in scores.items()} == {
        "jio": 0.0,
        "jio, stripped": 1.0,
    }
    assert all(set(row) == {"MONEY"} for row in scores.values())


def test_micro_belongs_to_a_system_with_all_labels() -> None:
    system = System("ours", "pipeline", list(LABELS), [])
    (articles,) = readings_of(system, GOLD, run((0, 4, "ORG"))).values()
    row = score_rows(system, articles)
    assert set(row) == {*LABELS, "micro"}
    assert row["micro"]["r"] == 0.5


def test_comparison_is_ours_less_theirs() -> None:
    ours, theirs = (System(name, "rules", list(LABELS), []) for name in ("ours", "theirs"))
    (first,) = readings_of(ours, GOLD, run((0, 4, "ORG"))).values()
    (second,) = readings_of(theirs, GOLD, run()).values()
    assert comparison_rows(theirs, first, second)["ORG"]["difference"] == 1.0
