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
) | st.sampled_from(["<b>", "(yì)", "GWh", "<", ">", "&#160;", "\ud800", "每季度"])


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


def read(marked: str, label: str = "MONEY") -> list[Figure]:
    """Read the figure that stands between the signs ⟦ and ⟧."""
    before, _, rest = marked.partition("⟦")
    span, _, after = rest.partition("⟧")
    return read_figure(before + span + after, len(before), len(before + span), label)


@pytest.mark.parametrize(
    ("marked", "period", "bound"),
    [
        ("负债率<60%，总投资约⟦5亿元⟧，净利润率>8%", None, "about"),
        ("规模<⟦5亿元⟧>", None, "exact"),
        ("＜⟦5亿元⟧＞", None, "exact"),
        ("同比<5%，年产值>⟦5亿元⟧", "year", "exact"),
        ("年产值<中>⟦5亿元⟧以上", "year", "at_least"),
        ("年产值＜ｂ＞⟦5亿元⟧", "year", "exact"),
        ('年产值约<b class="x">⟦5</b>亿元⟧</p>', "year", "about"),
        ("超<br/>过&#8195;⟦5&#160;亿元⟧", None, "more_than"),
        ("⟦5&ensp;亿&#x20;元⟧&emsp;以上", None, "at_least"),
        ("约?/p>⟦5&nbsp;亿元?/p>⟧", None, "about"),
        ("约⟦5亿&#20803;⟧", None, "about"),
        ("⟦&yen;5亿⟧左右", None, "about"),
    ],
)
def test_markup_is_not_there_and_signs_are(marked: str, period: str | None, bound: str) -> None:
    (reading,) = read(marked)
    assert (reading["low"], reading["period"], reading["bound"]) == ("500000000", period, bound)


@pytest.mark.parametrize("text", ["5&lt;亿元", "5<亿>元", "5&nosuch;亿元", "5<亿元"])
def test_what_is_no_markup_is_no_figure(text: str) -> None:
    assert read_figure(text, 0, len(text), "MONEY") == []


@pytest.mark.parametrize(
    ("marked", "readings"),
    [("总投资\ud800⟦5亿元⟧", 1), ("约⟦5亿元⟧\udfff", 1), ("⟦5\ud800亿元⟧", 0), ("⟦\udfff⟧", 0)],
)
def test_a_lone_surrogate_is_no_blank_and_no_error(marked: str, readings: int) -> None:
    assert len(read(marked)) == readings


@pytest.mark.parametrize("span", ["1、440元", "1。440元", "1·440万元", "1234,567元", "1-1、440元"])
def test_what_may_be_thousands_or_a_fraction_is_not_read(span: str) -> None:
    assert read(f"约⟦{span}⟧左右") == []


@pytest.mark.parametrize(
    ("marked", "low", "unit"),
    [
        ("⟦50⟧、80、120万千瓦", "500000", "kW"),
        ("⟦300⟧、450、600个机架三期扩容", "300", "个"),
        ("⟦5⟧、440、600、1200万吨", "50000", "t"),
        ("⟦1.5⟧、440万吨", "15000", "t"),
    ],
)
def test_items_of_three_digits_in_a_list(marked: str, low: str, unit: str) -> None:
    (reading,) = read(marked, "CAPACITY")
    assert (reading["low"], reading["unit"]) == (low, unit)


@pytest.mark.parametrize(
    "marked",
    [
        *(
            "每季度产⟦5万吨⟧",
            "每个季度可处理⟦5万吨⟧",
            "⟦5万吨/季度⟧",
            "⟦5万吨⟧/季度",
            "⟦5万吨每季⟧",
        ),
        *("每分钟⟦120支⟧", "⟦120支/分钟⟧", "⟦5m3/min⟧", "每秒⟦50立方米⟧", "⟦5立方米⟧/s"),
        *("每半年⟦5万吨⟧", "每53秒下线⟦1台⟧", "每两年产⟦5万吨⟧", "每8小时⟦5吨⟧", "季均产⟦5吨⟧"),
        "每季度⟦100MW/200MWh⟧",
    ],
)
def test_a_period_without_a_name_leaves_no_reading(marked: str) -> None:
    assert read(marked, "CAPACITY") == []


@pytest.mark.parametrize(
    ("marked", "label", "period"),
    [
        ("账目每季度公布，年产⟦5万吨⟧", "CAPACITY", "year"),
        ("每分钟120支的产线，年产⟦5万瓶⟧", "CAPACITY", "year"),
        ("每季度⟦5万吨/月⟧", "CAPACITY", "month"),
        ("一季度产⟦5万吨⟧", "CAPACITY", None),
        ("每个榨季产⟦5万吨⟧", "CAPACITY", None),
        ("⟦150立方米/秒⟧", "CAPACITY", None),
        ("每季度拨付⟦300万元⟧", "MONEY", None),
        ("每平方米⟦6万元⟧", "MONEY", None),
        ("⟦5万吨⟧/周", "CAPACITY", "week"),
        ("⟦5万吨⟧/星期", "CAPACITY", "week"),
        ("⟦5元⟧/selected", "MONEY", None),
    ],
)
def test_the_period_that_counts(marked: str, label: str, period: str | None) -> None:
    (reading,) = read(marked, label)
    assert reading["period"] == period


@pytest.mark.parametrize("label", ["ORG", "PLACE", "", "money"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match="label must be one of MONEY, CAPACITY"):
        read_figure("5亿元", 0, 3, label)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 4)])
def test_offsets_outside_the_text_are_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="offsets"):
        read_figure("5亿元", start, end, "MONEY")
