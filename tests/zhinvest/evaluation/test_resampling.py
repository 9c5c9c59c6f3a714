"""Tests of intervals and comparisons from resampled articles."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spans import ARTICLE
from zhinvest.evaluation.resampling import MACRO, ArticleCounts, Difference, compare, intervals
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Counts, Span, count_spans, total

ARTICLES = st.lists(ARTICLE, min_size=1, max_size=8)


def counted(articles: list[tuple[list[Span], list[Span]]]) -> ArticleCounts:
    return [count_spans(*article) for article in articles]


def article(correct: int, missed: int, label: str = "ORG") -> dict[str, Counts]:
    return {label: Counts(correct, correct, correct + missed)}


# --- intervals ------------------------------------------------------------------------------------


@given(ARTICLES, st.integers(0, 5))
def test_intervals_are_ordered_fractions_and_repeatable(
    articles: list[tuple[list[Span], list[Span]]], seed: int
) -> None:
    counts = counted(articles)
    labels = [*total(counts), MACRO]
    bounds = intervals(counts, labels, draws=50, seed=seed)
    assert list(bounds) == labels
    assert bounds == intervals(counts, labels, draws=50, seed=seed)
    assert all(0 <= low <= high <= 1 for low, high in bounds.values())


@pytest.mark.parametrize("label", ["ORG", MICRO, MACRO])
def test_interval_holds_the_f1_and_depends_on_the_seed(label: str) -> None:
    articles = [article(number, 10 - number) for number in range(11)]
    f1 = total(articles)["ORG"].f1
    low, high = intervals(articles, [label])[label]
    assert 0 < low < f1 < high < 1
    assert intervals(articles, [label], seed=1)[label] != (low, high)


@pytest.mark.parametrize("label", ["ORG", MICRO, MACRO])
def test_interval_of_many_articles_is_narrower(label: str) -> None:
    few = [article(10, 0), article(0, 10)] * 2
    narrow, wide = intervals(few * 20, [label])[label], intervals(few, [label])[label]
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_interval_of_equal_articles_is_a_point() -> None:
    f1 = article(1, 1)["ORG"].f1
    assert intervals([article(1, 1)] * 5, ["ORG", MICRO, MACRO]) == {
        "ORG": pytest.approx((f1, f1)),
        MICRO: pytest.approx((f1, f1)),
        MACRO: pytest.approx((f1, f1)),
    }


def test_macro_is_the_mean_of_the_labels_that_gold_has() -> None:
    both = article(9, 0) | article(1, 1, "PLACE") | {"MONEY": Counts(0, 5, 0)}
    mean = (1 + total([both])["PLACE"].f1) / 2
    bounds = intervals([both] * 3, [MACRO, MICRO])
    assert bounds[MACRO] == pytest.approx((mean, mean))
    assert bounds[MICRO] != pytest.approx((mean, mean))


def test_interval_of_a_label_that_never_occurs_is_zero() -> None:
    assert intervals([article(1, 1)], ["MONEY"]) == {"MONEY": (0.0, 0.0)}
    assert intervals([{}], [MICRO, MACRO]) == {MICRO: (0.0, 0.0), MACRO: (0.0, 0.0)}


NOTHING: dict[str, Counts] = {}
RARE = [article(1, 0), *[NOTHING] * 4]
"""One article of five has the label: a third of the samples are without."""


def test_samples_without_the_label_tell_nothing_of_it() -> None:
    perfect = [article(1, 0) | article(1, 0, "CAPACITY"), *[article(1, 0)] * 4]
    labels = ["CAPACITY", "ORG", MICRO, MACRO]
    assert intervals(perfect, labels) == dict.fromkeys(labels, (1.0, 1.0))
    assert intervals([article(1, 1), *RARE[1:]], ["ORG"])["ORG"] == pytest.approx((2 / 3, 2 / 3))


def test_samples_with_spurious_spans_alone_count_as_zero() -> None:
    spurious = {"ORG": Counts(0, 1, 0)}
    assert intervals([article(1, 0), *[spurious] * 4], ["ORG"])["ORG"][0] == 0.0


def test_macro_of_a_sample_is_the_mean_of_the_labels_that_it_has() -> None:
    articles = [article(1, 0, "CAPACITY"), *[article(1, 1)] * 4]
    low, high = intervals(articles, [MACRO])[MACRO]
    f1 = articles[1]["ORG"].f1
    assert (low, high) == pytest.approx((f1, (1 + f1) / 2))


def test_interval_is_of_the_articles_that_have_the_label() -> None:
    bounds = intervals([article(1, 0), article(1, 1), NOTHING], ["ORG"])["ORG"]
    assert bounds == pytest.approx((article(1, 1)["ORG"].f1, 1.0))


@pytest.mark.filterwarnings("error")
def test_labels_that_samples_lack_raise_no_warning() -> None:
    intervals(RARE, [*LABELS, MICRO, MACRO])
    compare(RARE, RARE)


def test_no_article_no_interval() -> None:
    with pytest.raises(ValueError, match="no article"):
        intervals([], LABELS)


# --- comparisons ----------------------------------------------------------------------------------


@st.composite
def two_readings(draw: st.DrawFn) -> tuple[ArticleCounts, ArticleCounts]:
    """The counts of two pipelines on the same gold articles."""
    articles = draw(ARTICLES)
    others = [draw(ARTICLE)[1] for _ in articles]
    gold = [article[0] for article in articles]
    return counted(articles), counted(list(zip(gold, others, strict=True)))


@given(two_readings(), st.integers(0, 5))
def test_exchanging_the_two_turns_the_sign(
    pair: tuple[ArticleCounts, ArticleCounts], seed: int
) -> None:
    forth = compare(*pair, draws=50, seed=seed)
    back = compare(*pair[::-1], draws=50, seed=seed)
    assert list(forth) == [*LABELS, MICRO, MACRO]
    for label, one in forth.items():
        other = back[label]
        assert one.difference == -other.difference
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
        assert one.p == other.p
        assert -1 <= one.low <= one.high <= 1
        assert 1 / 50 <= one.p <= 1


@given(two_readings())
def test_difference_is_that_of_the_f1(pair: tuple[ArticleCounts, ArticleCounts]) -> None:
    first, second = (total(counts) for counts in pair)
    differences = compare(*pair, draws=2)
    for label in (*LABELS, MICRO):
        assert differences[label].difference == pytest.approx(first[label].f1 - second[label].f1)


@given(ARTICLES)
def test_equal_readings_do_not_differ(articles: list[tuple[list[Span], list[Span]]]) -> None:
    differences = compare(counted(articles), counted(articles), draws=50)
    assert {astuple(difference) for difference in differences.values()} == {(0, 0, 0, 1)}


@pytest.mark.parametrize("label", ["ORG", MICRO, MACRO])
def test_a_clear_difference(label: str) -> None:
    better = [article(8 + number % 2, 1) for number in range(30)]
    worse = [article(4 + number % 3, 5) for number in range(30)]
    found = compare(better, worse)[label]
    assert 0 < found.low < found.difference < found.high
    assert found.p == 1 / 1000
    assert compare(worse, better)[label].high < 0


def test_a_difference_in_one_of_two_articles() -> None:
    # Half of the samples hold both articles, a quarter only the one in which nothing differs.
    first, second = [article(1, 0)] * 2, [article(1, 0), article(0, 1)]
    found = compare(first, second)["ORG"]
    assert found.difference == pytest.approx(1 - 2 / 3)
    assert (found.low, found.high) == pytest.approx((0, 1))
    assert found.p == pytest.approx(2 / 4, abs=0.1)


def test_the_seed_fixes_the_comparison() -> None:
    first = [article(number, 10 - number) for number in range(11)]
    second = [article(number // 2, 10 - number // 2) for number in range(11)]
    assert compare(first, second) == compare(first, second, seed=0)
    assert compare(first, second)["ORG"] != compare(first, second, seed=1)["ORG"]


def test_articles_are_drawn_in_pairs() -> None:
    # Each alone varies a lot from article to article, their difference not at all.
    first = [article(number, 10 - number) for number in range(10)]
    second = [article(number + 1, 9 - number) for number in range(10)]
    found = compare(second, first)["ORG"]
    low, high = intervals(first, ["ORG"])["ORG"]
    assert found.high - found.low < (high - low) / 4
    assert found.low > 0


def test_a_label_of_neither() -> None:
    assert compare([article(1, 1)], [article(1, 0)])["MONEY"] == Difference(0, 0, 0, 1)


def test_samples_without_the_label_are_no_evidence_that_nothing_differs() -> None:
    missed = [article(0, 1), *RARE[1:]]
    for label in ("ORG", MICRO, MACRO):
        found = compare(RARE, missed)[label]
        assert (found.difference, found.low, found.high) == (1, 1, 1)
        assert 1 / 1000 < found.p < 1 / 500  # one of the samples that have the label
    assert np.isfinite([astuple(difference) for difference in compare(RARE, missed).values()]).all()


def test_spurious_spans_of_one_where_gold_has_none() -> None:
    spurious = {"MONEY": Counts(0, 1, 0)}
    assert compare([spurious], [NOTHING])["MONEY"] == Difference(0, 0, 0, 1)
    assert compare([spurious], [spurious])["MONEY"] == Difference(0, 0, 0, 1)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [(2, 3, "cannot compare 2 articles with 3"), (1, 0, "cannot compare 1"), (0, 0, "no article")],
)
def test_articles_that_cannot_be_compared(first: int, second: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare([article(1, 1)] * first, [article(1, 1)] * second)
