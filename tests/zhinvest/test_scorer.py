"""Tests of strict matching, and of the scorer that spaCy calls."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.tokens import Span as DocSpan
from spacy.training import Example
from spacy.vocab import Vocab

from zhinvest.documents import Document
from zhinvest.evaluation.scores import evaluate
from zhinvest.labels import LABELS
from zhinvest.scorer import (
    MICRO,
    Counts,
    Span,
    count_spans,
    doc_spans,
    score_examples,
    total,
)

SPANS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([*LABELS, "DATE"]))
)
ARTICLES = st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=8)
ORG: Span = (0, 4, "ORG")


# --- strict matching ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([], [], {}),
        ([ORG], [ORG], {"ORG": Counts(1, 1, 1)}),
        ([ORG], [], {"ORG": Counts(0, 0, 1)}),
        ([], [ORG], {"ORG": Counts(0, 1, 0)}),
        ([ORG], [(0, 3, "ORG")], {"ORG": Counts(0, 1, 1)}),
        ([ORG], [(1, 4, "ORG")], {"ORG": Counts(0, 1, 1)}),
        ([ORG], [(0, 4, "PLACE")], {"ORG": Counts(0, 0, 1), "PLACE": Counts(0, 1, 0)}),
        ([ORG], [(0, 2, "ORG"), (2, 4, "ORG")], {"ORG": Counts(0, 2, 1)}),
        ([ORG, (6, 8, "ORG")], [ORG, (9, 10, "ORG")], {"ORG": Counts(1, 2, 2)}),
        ([ORG], [ORG, ORG], {"ORG": Counts(1, 1, 1)}),
    ],
)
def test_count_spans(gold: list[Span], predicted: list[Span], expected: dict[str, Counts]) -> None:
    assert count_spans(gold, predicted) == expected


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (Counts(0, 0, 0), 0, 0, 0),
        (Counts(0, 3, 0), 0, 0, 0),
        (Counts(0, 0, 3), 0, 0, 0),
        (Counts(3, 3, 3), 1, 1, 1),
        (Counts(1, 2, 4), 1 / 2, 1 / 4, 1 / 3),
    ],
)
def test_scores_of_counts(counts: Counts, precision: float, recall: float, f1: float) -> None:
    assert (counts.precision, counts.recall) == (precision, recall)
    assert counts.f1 == pytest.approx(f1)


@given(SPANS, SPANS)
def test_counts_add_up(gold: list[Span], predicted: list[Span]) -> None:
    totals = total([count_spans(gold, predicted)])
    micro = totals.pop(MICRO)
    assert micro == sum(totals.values(), Counts())
    found = set(gold) & set(predicted)
    assert micro == Counts(len(found), len(set(predicted)), len(set(gold)))


@given(SPANS.filter(bool))
def test_equal_sets_score_one(spans: list[Span]) -> None:
    assert {counts.f1 for counts in count_spans(spans, reversed(spans)).values()} == {1.0}


@given(SPANS, SPANS)
def test_exchanging_gold_and_prediction_exchanges_precision_and_recall(
    gold: list[Span], predicted: list[Span]
) -> None:
    forth, back = count_spans(gold, predicted), count_spans(predicted, gold)
    for label, counts in forth.items():
        assert counts.precision == back[label].recall
        assert counts.f1 == back[label].f1


@given(ARTICLES)
def test_total_is_the_sum_over_articles(articles: list[tuple[list[Span], list[Span]]]) -> None:
    counted = [count_spans(gold, predicted) for gold, predicted in articles]
    totals = total(counted)
    assert list(totals)[:4] == list(LABELS)
    assert list(totals)[-1] == MICRO
    parts = [total([article])[MICRO] for article in counted]
    assert totals[MICRO] == sum(parts, Counts())


# --- spaCy's side ---------------------------------------------------------------------------------


def doc(words: Sequence[str], *ents: tuple[int, int, str], missing: Sequence[int] = ()) -> Doc:
    """Return a Doc with the entities (in tokens); `missing` tokens are not annotated."""
    result = Doc(Vocab(), words=words, spaces=[False] * len(words))
    result.set_ents(
        [DocSpan(result, *ent) for ent in ents],
        missing=[result[i : i + 1] for i in missing],
        default="outside",
    )
    return result


def test_doc_spans_are_characters() -> None:
    assert doc_spans(doc(["上海", "的", "工厂"], (0, 1, "PLACE"), (2, 3, "ORG"))) == [
        (0, 2, "PLACE"),
        (3, 5, "ORG"),
    ]


def test_scores_per_label_with_support() -> None:
    words = list("甲乙丙丁戊己")
    gold = doc(words, (0, 2, "ORG"), (2, 3, "ORG"), (4, 6, "PLACE"))
    found = doc(words, (0, 2, "ORG"), (2, 4, "ORG"), (4, 6, "MONEY"))
    scores = score_examples([Example(found, gold)])
    assert scores["ents_p"] == pytest.approx(1 / 3)
    assert scores["ents_r"] == pytest.approx(1 / 3)
    assert scores["ents_f"] == pytest.approx(1 / 3)
    assert scores["ents_per_type"] == {
        "ORG": {"p": 0.5, "r": 0.5, "f": 0.5, "support": 2},
        "PLACE": {"p": 0.0, "r": 0.0, "f": 0.0, "support": 1},
    }


def test_tokens_that_do_not_align_count_as_missed() -> None:
    gold = doc(["甲", "乙", "丙"], (0, 1, "ORG"))
    found = doc(["甲乙", "丙"], (0, 1, "ORG"))
    scores = score_examples([Example(found, gold)])
    assert (scores["ents_p"], scores["ents_r"]) == (0, 0)
    assert scores["ents_per_type"]["ORG"]["support"] == 1


@pytest.mark.parametrize(
    ("predicted", "precision"),
    [
        ([(0, 1, "ORG")], 1.0),
        ([(0, 1, "ORG"), (2, 4, "MONEY")], 1.0),
        ([(0, 1, "ORG"), (1, 3, "MONEY")], 1.0),
        ([(0, 1, "ORG"), (4, 5, "MONEY")], 0.5),
    ],
)
def test_what_is_not_annotated_is_not_counted(
    predicted: list[tuple[int, int, str]], precision: float
) -> None:
    words = list("甲乙丙丁戊")
    gold = doc(words, (0, 1, "ORG"), missing=[2, 3])
    scores = score_examples([Example(doc(words, *predicted), gold)])
    assert scores["ents_p"] == precision
    assert scores["ents_r"] == 1.0


def test_options_of_spacy_are_accepted() -> None:
    assert score_examples([], beam_width=1)["ents_f"] == 0


def test_evaluation_by_spacy_uses_it(
    pipeline: Language, gold_spacy: Path, gold: list[Document]
) -> None:
    references = DocBin().from_disk(gold_spacy).get_docs(pipeline.vocab)
    scores = pipeline.evaluate([Example(pipeline.make_doc(r.text), r) for r in references])
    assert scores["ents_f"] > 0.9
    own = evaluate(pipeline, gold)
    for label in LABELS:
        row = scores["ents_per_type"][label]
        assert (row["p"], row["r"], row["f"], row["support"]) == (
            own[label].p,
            own[label].r,
            own[label].f,
            own[label].support,
        )
    assert scores["ents_f"] == own[MICRO].f
