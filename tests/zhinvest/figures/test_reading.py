"""Tests of `read_figure` beyond the spec: any span is read or not, and wrong calls fail."""

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from zhinvest.documents import read_documents
from zhinvest.figures import Figure, read_figure
from zhinvest.figures.reading import BEFORE, FIGURE_LABELS

BOUNDS = {"exact", "about", "more_than", "at_least", "less_than", "at_most", "range"}
PERIODS = {None, "year", "month", "week", "day", "hour"}
TEXT = "".join(d.text for d in read_documents(ROOT / "corpus/articles.jsonl")[::20])
PIECES = st.sampled_from(
    [*"5３万亿元吨-至×/约数多、() \n\0億两十点负", "12.5", "美元", "/年", "以上", "年产", "分别"]
) | st.sampled_from(["<b>", "(yì)", "GWh"])


def check(readings: list[Figure]) -> None:
    for reading in readings:
        low, high, bound = reading["low"], reading["high"], reading["bound"]
        assert bound in BOUNDS
        assert reading["period"] in PERIODS
        for end in (low, high):
            assert end is None or re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", end)
        assert (low is None) == (bound in ("less_than", "at_most"))
        assert (high is None) == (bound in ("more_than", "at_least"))
        if low is not None and high is not None:
            assert Decimal(low) <= Decimal(high)
            assert bound == "range" or low == high
    assert json.loads(json.dumps(readings)) == readings


@given(st.lists(PIECES), st.lists(PIECES), st.lists(PIECES), st.sampled_from(FIGURE_LABELS))
def test_any_span_is_read_or_not(
    before: list[str], span: list[str], after: list[str], label: str
) -> None:
    parts = ["".join(pieces) for pieces in (before, span, after)]
    check(read_figure("".join(parts), len(parts[0]), len(parts[0] + parts[1]), label))


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 30), st.sampled_from(FIGURE_LABELS))
def test_any_slice_of_an_article(start: int, length: int, label: str) -> None:
    check(read_figure(TEXT, start, min(len(TEXT), start + length), label))


@given(st.text(max_size=40), st.sampled_from(FIGURE_LABELS))
def test_any_text(text: str, label: str) -> None:
    check(read_figure(text, 0, len(text), label))


@pytest.mark.parametrize("text", ["1" * 5000, "1-" * 2000, "1×" * 2000, "一" * 5000, "(" * 5000])
def test_a_span_that_is_no_figure_ends_soon(text: str) -> None:
    assert read_figure(text, 0, len(text), "MONEY") == []


@pytest.mark.parametrize("text", ["9" * 100 + "亿元", "0." + "1" * 100 + "元"])
def test_many_digits_stay_exact_or_unread(text: str) -> None:
    (reading,) = read_figure(text, 0, len(text), "MONEY")
    digits = text.rstrip("亿元")
    assert Decimal(reading["low"] or 0) == Decimal(digits) * (10**8 if "亿" in text else 1)


def test_words_far_away_are_not_looked_at() -> None:
    text = "约" + "　" * BEFORE + "5亿元"
    (reading,) = read_figure(text, len(text) - 3, len(text), "MONEY")
    assert reading["bound"] == "exact"


@pytest.mark.parametrize("label", ["ORG", "PLACE", "", "money"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match="label must be one of MONEY, CAPACITY"):
        read_figure("5亿元", 0, 3, label)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 4)])
def test_offsets_outside_the_text_are_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="offsets"):
        read_figure("5亿元", start, end, "MONEY")
