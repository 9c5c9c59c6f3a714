"""Tests of numbers: every way of writing, exactness, and a second opinion by cn2an."""

from decimal import Decimal

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhinvest.figures.numerals import read_number

ANY = st.text("0123456789.,、一二三十百千万亿两零点半几数多余上来个兆廿x元")


@pytest.mark.parametrize(
    ("text", "low", "high", "bound"),
    [
        ("0", "0", "0", None),
        ("0.0万亿", "0", "0", None),
        ("3.6", "3.6", "3.6", None),
        ("1,100万", "11000000", "11000000", None),
        ("1,0000", "10000", "10000", None),
        ("1、44", "1.44", "1.44", None),
        ("1。4400", "1.44", "1.44", None),
        ("1,440", "1440", "1440", None),
        ("1,440.5", "1440.5", "1440.5", None),
        ("1.440", "1.44", "1.44", None),
        ("1234.567万", "12345670", "12345670", None),
        ("3万亿", "3000000000000", "3000000000000", None),
        ("1亿5000万", "150000000", "150000000", None),
        ("12亿5千万", "1250000000", "1250000000", None),
        ("两亿五千万", "250000000", "250000000", None),
        ("一万五千万", "150000000", "150000000", None),
        ("三千零五十万", "30500000", "30500000", None),
        ("一亿零三百万", "103000000", "103000000", None),
        ("壹仟贰佰叁拾肆", "1234", "1234", None),
        ("三点一四", "3.14", "3.14", None),
        ("二〇二五", "2025", "2025", None),
        ("十五", "15", "15", None),
        ("一万五", "15000", "15000", None),
        ("1万5", "15000", "15000", None),
        ("两千零五", "2005", "2005", None),
        ("两亿半", "250000000", "250000000", None),
        ("一个半亿", "150000000", "150000000", None),
        ("半", "0.5", "0.5", None),
        ("百亿", "10000000000", "10000000000", None),
        ("两个亿", "200000000", "200000000", None),
        ("1.5兆", "1500000000000", "1500000000000", None),
        ("500million", "500000000", "500000000", None),
        ("数十亿", "2000000000", "9000000000", None),
        ("几", "2", "9", None),
        ("三四百万", "3000000", "4000000", None),
        ("三五万", "30000", "50000", None),
        ("五、六万", "50000", "60000", None),
        ("一百二三十万", "1200000", "1300000", None),
        ("十几亿", "1000000000", "1000000000", "more_than"),
        ("10几万", "100000", "100000", "more_than"),
        ("三十几万", "300000", "300000", "more_than"),
        ("百余亿", "10000000000", "10000000000", "more_than"),
        ("1000多亿", "100000000000", "100000000000", "more_than"),
        ("上百亿", "10000000000", "10000000000", "more_than"),
        ("20来万", "200000", "200000", "about"),
    ],
)
def test_number(text: str, low: str, high: str, bound: str | None) -> None:
    number = read_number(text)
    assert number is not None
    assert (number.low, number.high, number.bound) == (Decimal(low), Decimal(high), bound)
    assert number.end == len(text)


@pytest.mark.parametrize("text", ["", "元", "x5", "点五", "来万", "亿亿", "个"])
def test_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize("mark", [",", "、", "·", "。"])
@pytest.mark.parametrize("digits", ["1234{}567", "0001{}440", "1234{}567.8", "12345{}678万"])
def test_a_mark_before_three_digits_is_not_decided(digits: str, mark: str) -> None:
    assert read_number(digits.format(mark)) is None
    if mark != ",":
        assert read_number(f"1{mark}440") is None


@pytest.mark.parametrize(
    ("text", "end"),
    [("5吨", 1), ("3千瓦", 1), ("3千克", 1), ("1.2.3", 3), ("5万千瓦时", 2), ("8兆瓦", 1)],
)
def test_a_number_ends_where_its_unit_begins(text: str, end: int) -> None:
    number = read_number(text)
    assert number is not None
    assert number.end == end


@pytest.mark.parametrize(
    ("text", "magnitudes"),
    [("5", ()), ("5万", ("1E4",)), ("8千万", ("1E7", "1E4")), ("3万亿", ("1E12", "1E8"))],
)
def test_what_the_other_end_of_a_range_may_share(text: str, magnitudes: tuple[str, ...]) -> None:
    number = read_number(text)
    assert number is not None
    assert number.magnitudes == tuple(map(Decimal, magnitudes))


@given(st.integers(1, 10**12))
def test_cn2an_writes_what_is_read(value: int) -> None:
    for style in ("low", "up"):
        number = read_number(cn2an.an2cn(value, style))
        assert number is not None
        assert number.low == number.high == value


@given(st.decimals(0, 10**9, places=4), st.sampled_from(["", "万", "亿", "万亿"]))
def test_decimals_are_exact(value: Decimal, magnitude: str) -> None:
    number = read_number(f"{value:f}{magnitude}")
    factor = {"": 1, "万": 10**4, "亿": 10**8, "万亿": 10**12}[magnitude]
    assert number is not None
    assert number.low == number.high == value * factor


@given(ANY, st.integers(0, 3))
def test_any_text_is_read_or_not(text: str, start: int) -> None:
    number = read_number(text, start)
    assert number is None or (number.low <= number.high and start < number.end <= len(text))
