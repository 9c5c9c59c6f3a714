"""Tests of the looser views, and of their agreement with nervaluate."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator

from tests.spans import ARTICLE, FOREIGN, one_to_one
from zhinvest.evaluation.scores import Reading
from zhinvest.evaluation.views import VIEWS, Tally, add_tallies, view_article
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Span, count_spans, total

Article = tuple[Sequence[Span], Sequence[Span]]

ORG: Span = (0, 4, "ORG")


def view(name: str, *articles: Article) -> dict[str, Tally]:
    return add_tallies([view_article(*article, name) for article in articles])


def found(article: Article) -> dict[str, int]:
    return {name: view(name, article)[MICRO].found for name in VIEWS}


# --- one article ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicted", "strict", "boundary", "same_type", "overlap"),
    [
        ([ORG], 1, 1, 1, 1),
        ([(0, 4, "PLACE")], 0, 1, 0, 1),
        ([(0, 3, "ORG")], 0, 0, 1, 1),
        ([(3, 9, "PLACE")], 0, 0, 0, 1),
        ([(4, 9, "ORG")], 0, 0, 0, 0),
        ([(0, 2, "ORG"), (2, 4, "ORG")], 0, 0, 1, 1),
        ([], 0, 0, 0, 0),
    ],
)
def test_one_gold_span(
    predicted: list[Span], strict: int, boundary: int, same_type: int, overlap: int
) -> None:
    assert found(([ORG], predicted)) == {
        "strict": strict,
        "boundary": boundary,
        "type": same_type,
        "overlap": overlap,
    }


def test_a_pair_of_two_labels_counts_for_both() -> None:
    assert view_article([ORG], [(0, 4, "PLACE")], "boundary") == {
        "ORG": Tally(gold=1, predicted=0, found=1, right=0),
        "PLACE": Tally(gold=0, predicted=1, found=0, right=1),
    }


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_answers_that_of_the_label_is_taken(order: int) -> None:
    predicted: list[Span] = [(0, 2, "PLACE"), (2, 4, "ORG")]
    tallies = view_article([ORG], predicted[::order], "overlap")
    assert (tallies["ORG"].right, tallies["PLACE"].right) == (1, 0)


def test_more_pairs_come_before_pairs_of_one_label() -> None:
    gold: list[Span] = [(0, 4, "ORG"), (4, 8, "PLACE")]
    predicted: list[Span] = [(0, 2, "MONEY"), (2, 6, "ORG")]
    assert view("overlap", (gold, predicted))[MICRO].found == 2


def test_unknown_view() -> None:
    with pytest.raises(KeyError):
        view_article([], [], "lenient")


@given(ARTICLE)
def test_the_strict_view_is_the_strict_score(article: Article) -> None:
    assert view_article(*article, "strict") == {
        label: Tally(counts.gold, counts.predicted, counts.correct, counts.correct)
        for label, counts in count_spans(*article).items()
    }


@given(ARTICLE)
def test_a_looser_view_finds_no_less(article: Article) -> None:
    counts = found(article)
    for tighter, looser in (*pairwise(("strict", "boundary", "overlap")), ("strict", "type")):
        assert counts[tighter] <= counts[looser]
    assert counts["type"] <= counts["overlap"]


@given(ARTICLE)
def test_a_looser_view_finds_no_less_of_any_label(article: Article) -> None:
    for tighter, looser in (("strict", "boundary"), ("strict", "type"), ("type", "overlap")):
        loose = view_article(*article, looser)
        for label, tally in view_article(*article, tighter).items():
            assert tally.found <= loose[label].found
            assert tally.right <= loose[label].right
            assert tally.f1 <= loose[label].f1 + 1e-12


@pytest.mark.parametrize("name", VIEWS)
@given(ARTICLE)
def test_as_many_are_found_as_are_right(name: str, article: Article) -> None:
    micro = view(name, article)[MICRO]
    assert micro.found == micro.right <= min(micro.gold, micro.predicted)
    assert (micro.gold, micro.predicted) == (len(set(article[0])), len(set(article[1])))


@pytest.mark.parametrize("name", VIEWS)
@given(ARTICLE)
def test_order_and_repetition_change_nothing(name: str, article: Article) -> None:
    gold, predicted = article
    assert view_article([*gold[::-1], *gold], predicted[::-1], name) == view_article(*article, name)


# --- sums and scores ------------------------------------------------------------------------------


@given(st.lists(ARTICLE, max_size=4))
def test_sums_over_articles(articles: list[Article]) -> None:
    tallies = view("strict", *articles)
    strict = total([count_spans(*article) for article in articles])
    assert list(tallies) == list(strict)
    for label, tally in tallies.items():
        counts = strict[label]
        assert (tally.precision, tally.recall) == (counts.precision, counts.recall)
        assert tally.f1 == pytest.approx(counts.f1)


@pytest.mark.parametrize(
    ("tally", "precision", "recall", "f1"),
    [
        (Tally(), 0, 0, 0),
        (Tally(gold=3), 0, 0, 0),
        (Tally(predicted=3), 0, 0, 0),
        (Tally(gold=4, predicted=2, found=1, right=1), 1 / 2, 1 / 4, 1 / 3),
        (Tally(gold=2, predicted=0, found=1, right=0), 0, 1 / 2, 0),
        (Tally(gold=2, predicted=4, found=2, right=1), 1 / 4, 1, 2 / 5),
    ],
)
def test_scores_of_a_tally(tally: Tally, precision: float, recall: float, f1: float) -> None:
    assert (tally.precision, tally.recall) == (precision, recall)
    assert tally.f1 == pytest.approx(f1)


# --- agreement with nervaluate --------------------------------------------------------------------


def nervaluate(*articles: Article) -> dict[str, Any]:
    """The results of nervaluate, which takes the last character as the end."""

    def rows(spans: Sequence[Span]) -> list[dict[str, Any]]:
        return [{"label": label, "start": start, "end": end - 1} for start, end, label in spans]

    gold = [rows(article[0]) for article in articles]
    predicted = [rows(article[1]) for article in articles]
    results: dict[str, Any] = Evaluator(
        gold, predicted, tags=[*LABELS, FOREIGN], loader="dict"
    ).evaluate()
    return results


def assert_agrees(tally: Tally, result: Any) -> None:
    assert (tally.found, tally.right) == (result.correct, result.correct)
    assert (tally.gold, tally.predicted) == (result.possible, result.actual)
    assert tally.precision == pytest.approx(result.precision)
    assert tally.recall == pytest.approx(result.recall)
    assert tally.f1 == pytest.approx(result.f1)


def assert_agree(articles: Sequence[Article]) -> None:
    """All that the two measure alike where no span meets two of the other side."""
    results = nervaluate(*articles)
    for name, scenario in (("strict", "strict"), ("boundary", "exact"), ("type", "ent_type")):
        assert_agrees(view(name, *articles)[MICRO], results["overall"][scenario])
    loose, partial = view("overlap", *articles)[MICRO], results["overall"]["partial"]
    assert loose.found == loose.right == partial.correct + partial.partial
    assert (loose.gold, loose.predicted) == (partial.possible, partial.actual)
    for label, result in results["entities"].items():
        assert_agrees(view("strict", *articles)[label], result["strict"])
        assert_agrees(view("type", *articles)[label], result["ent_type"])


@given(st.lists(one_to_one(), min_size=1, max_size=4))
def test_agreement_with_nervaluate(articles: list[Article]) -> None:
    assert_agree(articles)


def test_agreement_with_nervaluate_on_the_example(readings: list[Reading]) -> None:
    articles = [(reading.document.ents, reading.predicted) for reading in readings]
    assert_agree(articles)
    assert {name: view(name, *articles)[MICRO].found for name in VIEWS} == {
        "strict": 140,
        "boundary": 152,
        "type": 147,
        "overlap": 167,
    }


# --- differences from nervaluate ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "predicted", "name", "scenario", "ours", "theirs"),
    [
        # The first prediction takes the gold span, and the exact one comes too late.
        ([ORG], [(0, 2, "ORG"), ORG], "strict", "strict", 1, 0),
        ([ORG], [(0, 2, "ORG"), ORG], "boundary", "exact", 1, 0),
        # What comes first in the list is served first; sorted, they would be two pairs.
        ([ORG, (4, 8, "ORG")], [(2, 6, "ORG"), (0, 2, "ORG")], "type", "ent_type", 2, 1),
        # The closest gold span is taken, though only the other would leave one to the next.
        ([ORG, (4, 8, "ORG")], [(2, 7, "ORG"), (7, 9, "ORG")], "type", "ent_type", 2, 1),
        # A prediction of another label takes the gold span from that of its label.
        ([ORG], [(0, 2, "PLACE"), (2, 4, "ORG")], "type", "ent_type", 1, 0),
        # Less than 1 % of the gold span's characters is no overlap.
        ([(0, 101, "ORG")], [(100, 103, "ORG")], "type", "ent_type", 1, 0),
    ],
)
def test_nervaluate_finds_less(
    gold: list[Span], predicted: list[Span], name: str, scenario: str, ours: int, theirs: int
) -> None:
    assert view(name, (gold, predicted))[MICRO].found == ours
    assert nervaluate((gold, predicted))["overall"][scenario].correct == theirs


def test_nervaluate_gives_half_credit_for_an_overlap() -> None:
    article = ([ORG], [(0, 3, "ORG")])
    assert view("overlap", article)[MICRO].f1 == 1.0
    assert nervaluate(article)["overall"]["partial"].f1 == 0.5


def test_nervaluate_counts_a_repeated_prediction_twice() -> None:
    article = ([ORG], [ORG, ORG])
    assert view("strict", article)[MICRO] == Tally(1, 1, 1, 1)
    assert nervaluate(article)["overall"]["strict"].spurious == 1


@pytest.mark.parametrize(("name", "scenario"), [("boundary", "exact"), ("overlap", "partial")])
def test_nervaluate_compares_a_label_only_with_itself(name: str, scenario: str) -> None:
    # So its scores by label are strict in `exact`, whose sum finds the span all the same.
    article = ([ORG], [(0, 4, "PLACE")])
    assert view(name, article)["ORG"].found == 1
    results = nervaluate(article)
    assert results["overall"][scenario].correct == 1
    assert results["entities"]["ORG"][scenario].correct == 0


def test_nervaluate_leaves_out_labels_that_it_is_not_told_of() -> None:
    article: Article = ([], [(0, 4, "TIME")])
    assert view("strict", article)[MICRO].predicted == 1
    assert nervaluate(article)["overall"]["strict"].actual == 0
