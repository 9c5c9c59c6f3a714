"""Tests of the matching of gold and predicted spans, and of the classes of error."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spans import ARTICLE, FOREIGN, OVERLAPPING, SPANS
from zhinvest.evaluation.matching import (
    ERRORS,
    Outcome,
    Pair,
    assign,
    count_outcomes,
    overlap,
    pair_up,
    same_boundaries,
    same_label,
)
from zhinvest.evaluation.scores import Reading
from zhinvest.labels import LABELS
from zhinvest.scorer import Counts, Span, count_spans

ORG: Span = (0, 4, "ORG")
FEW = OVERLAPPING.map(lambda spans: spans[:5])


def likeness(gold: Span, predicted: Span) -> float:
    """Share of the characters in common, and 1 more for a common label."""
    common = set(range(*gold[:2])) & set(range(*predicted[:2]))
    either = set(range(*gold[:2])) | set(range(*predicted[:2]))
    return len(common) / len(either) + (gold[2] == predicted[2]) if common else 0.0


def best(
    gold: Sequence[Span], predicted: Sequence[Span], weight: Callable[[Span, Span], float]
) -> float:
    """The largest total over all matchings, by trying every one."""
    if not gold:
        return 0.0
    first, rest = gold[0], gold[1:]
    without = best(rest, predicted, weight)
    return max(
        [without]
        + [
            weight(first, span) + best(rest, [p for p in predicted if p != span], weight)
            for span in predicted
        ]
    )


# --- one pair -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome"),
    [
        (ORG, ORG, Outcome.CORRECT),
        (ORG, (0, 4, "PLACE"), Outcome.TYPE),
        (ORG, (0, 3, "ORG"), Outcome.BOUNDARY),
        (ORG, (1, 5, "ORG"), Outcome.BOUNDARY),
        (ORG, (1, 5, FOREIGN), Outcome.BOTH),
        (ORG, None, Outcome.MISSED),
        (None, ORG, Outcome.SPURIOUS),
    ],
)
def test_outcome_of_a_pair(gold: Span | None, predicted: Span | None, outcome: Outcome) -> None:
    assert Pair(gold, predicted).outcome is outcome
    assert (outcome in ERRORS) is (outcome is not Outcome.CORRECT)


@pytest.mark.parametrize(
    ("gold", "predicted", "start"),
    [((3, 5, "ORG"), (2, 4, "ORG"), 2), ((3, 5, "ORG"), None, 3), (None, (4, 5, "ORG"), 4)],
)
def test_start_of_a_pair(gold: Span | None, predicted: Span | None, start: int) -> None:
    assert Pair(gold, predicted).start == start


@pytest.mark.parametrize(
    ("second", "shared", "label", "boundaries"),
    [
        (ORG, 4, True, True),
        ((0, 4, "PLACE"), 4, False, True),
        ((3, 6, "ORG"), 1, True, False),
        ((1, 2, "MONEY"), 1, False, False),
        ((4, 6, "ORG"), 0, True, False),
        ((9, 10, "ORG"), 0, True, False),
    ],
)
def test_comparing_two_spans(second: Span, shared: int, label: bool, boundaries: bool) -> None:
    for pair in ((ORG, second), (second, ORG)):
        assert overlap(*pair) == shared
        assert same_label(*pair) is label
        assert same_boundaries(*pair) is boundaries


# --- all pairs of an article ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([], [], []),
        ([ORG], [], [(ORG, None)]),
        ([], [ORG], [(None, ORG)]),
        ([ORG], [(4, 6, "ORG")], [(ORG, None), (None, (4, 6, "ORG"))]),
        ([ORG], [(0, 2, "ORG"), ORG], [(None, (0, 2, "ORG")), (ORG, ORG)]),
        ([ORG], [(0, 3, "PLACE"), (3, 4, "ORG")], [(None, (0, 3, "PLACE")), (ORG, (3, 4, "ORG"))]),
        ([ORG], [(0, 1, "ORG"), (1, 4, "ORG")], [(None, (0, 1, "ORG")), (ORG, (1, 4, "ORG"))]),
        (
            [ORG, (4, 8, "ORG")],
            [(2, 7, "ORG"), (7, 9, "ORG")],
            [(ORG, (2, 7, "ORG")), ((4, 8, "ORG"), (7, 9, "ORG"))],
        ),
        (
            [(0, 9, "ORG"), (0, 4, "PLACE")],
            [(0, 4, "ORG"), (0, 9, "PLACE")],
            [((0, 4, "PLACE"), (0, 9, "PLACE")), ((0, 9, "ORG"), (0, 4, "ORG"))],
        ),
    ],
    ids=[
        "nothing",
        "missed",
        "spurious",
        "neighbours",
        "an exact one among others",
        "one label before more characters",
        "more characters",
        "two pairs before one closer pair",
        "crossed",
    ],
)
def test_pairs(
    gold: list[Span], predicted: list[Span], expected: list[tuple[Span | None, Span | None]]
) -> None:
    assert [(pair.gold, pair.predicted) for pair in pair_up(gold, predicted)] == expected


@given(ARTICLE)
def test_every_span_is_in_one_pair(article: tuple[list[Span], list[Span]]) -> None:
    gold, predicted = article
    pairs = pair_up(gold, predicted)
    assert Counter(pair.gold for pair in pairs if pair.gold) == Counter(set(gold))
    assert Counter(pair.predicted for pair in pairs if pair.predicted) == Counter(set(predicted))
    assert [pair.start for pair in pairs] == sorted(pair.start for pair in pairs)


@given(ARTICLE)
def test_spans_of_a_pair_overlap(article: tuple[list[Span], list[Span]]) -> None:
    for pair in pair_up(*article):
        if pair.gold and pair.predicted:
            assert overlap(pair.gold, pair.predicted) > 0


@given(ARTICLE)
def test_spans_left_alone_have_no_partner_left(article: tuple[list[Span], list[Span]]) -> None:
    pairs = pair_up(*article)
    missed = [pair.gold for pair in pairs if pair.gold and not pair.predicted]
    spurious = [pair.predicted for pair in pairs if pair.predicted and not pair.gold]
    assert not [1 for gold in missed for span in spurious if overlap(gold, span)]


@given(ARTICLE)
def test_outcomes_add_up(article: tuple[list[Span], list[Span]]) -> None:
    gold, predicted = set(article[0]), set(article[1])
    outcomes = count_outcomes([pair_up(*article)])
    for label, counts in outcomes.items():
        own = [span for span in gold if span[2] == label]
        assert counts.total() - counts[Outcome.SPURIOUS] == len(own)
    everything = sum(outcomes.values(), Counter())
    assert everything.total() - everything[Outcome.SPURIOUS] == len(gold)
    assert everything.total() - everything[Outcome.MISSED] == len(predicted)


@given(ARTICLE)
def test_correct_pairs_are_those_of_the_strict_score(
    article: tuple[list[Span], list[Span]],
) -> None:
    outcomes = count_outcomes([pair_up(*article)])
    strict = count_spans(*article)
    assert {label: counts[Outcome.CORRECT] for label, counts in outcomes.items()} == {
        label: strict[label].correct for label in outcomes
    }
    assert not sum(
        (counts for label, counts in strict.items() if label not in outcomes), Counts()
    ).correct


@given(ARTICLE, st.integers(0, 99))
def test_order_changes_nothing(article: tuple[list[Span], list[Span]], seed: int) -> None:
    shuffled = [Random(seed).sample(spans, len(spans)) for spans in article]
    assert pair_up(*shuffled) == pair_up(*article)


def test_spans_of_one_place_are_in_one_order_in_every_process() -> None:
    spans: list[Span] = [(0, 4, label) for label in ascii_uppercase]
    assert [pair.gold for pair in pair_up(spans, [])] == spans
    assert [pair.predicted for pair in pair_up([], spans)] == spans


# --- the best matching ----------------------------------------------------------------------------


@given(FEW, FEW)
def test_pairs_are_the_likest(gold: list[Span], predicted: list[Span]) -> None:
    exact = set(gold) & set(predicted)
    pairs = [pair for pair in pair_up(gold, predicted) if pair.gold and pair.predicted]
    assert {pair.gold for pair in pairs if pair.gold == pair.predicted} == exact
    found = sum(likeness(pair.gold, pair.predicted) for pair in pairs) - 2 * len(exact)
    rest = [sorted(set(spans) - exact) for spans in (gold, predicted)]
    assert found == pytest.approx(best(*rest, likeness))


@given(FEW, FEW, st.integers(0, 99))
def test_assignment_has_the_largest_total(
    gold: list[Span], predicted: list[Span], seed: int
) -> None:
    def weight(first: Span, second: Span) -> float:
        """A number for each two spans that overlap; some are 0."""
        number = Random(f"{first} {second} {seed}").random()
        return max(0.0, number - 0.3) if overlap(first, second) else 0.0

    matches = list(assign(gold, predicted, weight))
    total = sum(weight(*match) for match in matches)
    assert total == pytest.approx(best(sorted(set(gold)), sorted(set(predicted)), weight))
    assert all(weight(*match) > 0 for match in matches)
    for side in zip(*matches, strict=True):
        assert len(set(side)) == len(side)


def test_spans_apart_are_not_matched_whatever_their_weight() -> None:
    assert list(assign([ORG], [(4, 6, "ORG")], lambda gold, predicted: 9.0)) == []


# --- counts over articles -------------------------------------------------------------------------


@given(st.lists(st.tuples(SPANS, SPANS), max_size=4))
def test_outcomes_of_articles_are_the_sum(articles: list[tuple[list[Span], list[Span]]]) -> None:
    pairs = [pair_up(*article) for article in articles]
    parts: dict[str, Counter[Outcome]] = {}
    for article in pairs:
        for label, counts in count_outcomes([article]).items():
            parts.setdefault(label, Counter()).update(counts)
    assert count_outcomes(pairs) == parts


def test_outcomes_of_the_example(readings: list[Reading]) -> None:
    outcomes = count_outcomes(pair_up(r.document.ents, r.predicted) for r in readings)
    assert {label: [outcomes[label][outcome] for outcome in Outcome] for label in LABELS} == {
        "ORG": [40, 2, 4, 4, 0, 4],
        "PLACE": [38, 5, 2, 2, 5, 2],
        "MONEY": [35, 4, 1, 2, 2, 2],
        "CAPACITY": [27, 1, 0, 0, 1, 6],
    }
