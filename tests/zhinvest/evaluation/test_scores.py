"""Tests of measuring a pipeline on gold articles."""

import io
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from seqeval.metrics import classification_report, f1_score
from seqeval.scheme import IOB2
from spacy.language import Language

from tests.spans import ARTICLE, FLAT_ARTICLE
from zhinvest.documents import Document
from zhinvest.evaluation.resampling import MACRO
from zhinvest.evaluation.scores import (
    Reading,
    Score,
    evaluate,
    read_gold,
    scores,
    scores_row,
    scores_table,
    strict_counts,
)
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Span, count_spans, doc_spans, total

Article = tuple[Sequence[Span], Sequence[Span]]

SCORE = Score(p=0.5, r=0.25, f=1 / 3, support=4, low=0.1, high=0.9)


def test_a_pipeline_that_knows_the_articles(reader: Language, gold: list[Document]) -> None:
    measured = evaluate(reader, gold)
    assert list(measured) == [*LABELS, MICRO, MACRO]
    for label, score in measured.items():
        assert 0.85 < score.f <= 1, label
        assert 0 <= score.low <= score.f <= score.high <= 1, label
        assert score.support == sum(
            label in (MICRO, MACRO, wanted) for document in gold for _, _, wanted in document.ents
        )


def test_a_pipeline_that_finds_nothing(characters: Language, gold: list[Document]) -> None:
    measured = evaluate(characters, gold)
    supports = [measured[label].support for label in LABELS]
    assert min(supports) > 0
    assert measured[MICRO] == measured[MACRO] == Score(0, 0, 0, sum(supports), 0, 0)


def test_shifted_gold_is_not_found(reader: Language, gold: list[Document]) -> None:
    def shifted(document: Document) -> Document:
        ents: list[Span] = [(start, end - 1, label) for start, end, label in document.ents]
        return replace(document, ents=ents)

    measured = evaluate(reader, [shifted(document) for document in gold])
    assert measured[MICRO].f < 0.05
    assert measured[MICRO].support == sum(len(document.ents) for document in gold)


def test_batches_change_nothing(reader: Language, gold: list[Document]) -> None:
    assert evaluate(reader, gold, batch_size=1) == evaluate(reader, gold)


def test_no_article(reader: Language) -> None:
    with pytest.raises(ValueError, match="no article"):
        evaluate(reader, [])


# --- scores ---------------------------------------------------------------------------------------


def test_readings_hold_the_articles_and_what_was_found(
    reader: Language, gold: list[Document]
) -> None:
    readings = read_gold(reader, gold)
    assert [reading.document for reading in readings] == gold
    assert strict_counts(readings) == [
        count_spans(document.ents, doc_spans(reader(document.text))) for document in gold
    ]


@given(st.lists(ARTICLE, min_size=1, max_size=5))
def test_scores_of_counts(articles: list[Article]) -> None:
    counted = [count_spans(*article) for article in articles]
    measured = scores(counted)
    macro = measured.pop(MACRO)
    for label, counts in total(counted).items():
        score = measured.pop(label)
        assert (score.p, score.r, score.f) == (counts.precision, counts.recall, counts.f1)
        assert score.support == counts.gold
    assert measured == {}
    present = [c for label, c in total(counted).items() if label != MICRO and c.gold]
    assert macro.f == pytest.approx(fmean([counts.f1 for counts in present] or [0]))
    assert macro.p == pytest.approx(fmean([counts.precision for counts in present] or [0]))
    assert macro.r == pytest.approx(fmean([counts.recall for counts in present] or [0]))
    assert macro.support == sum(counts.gold for counts in present)


def test_a_label_that_gold_lacks_is_not_in_the_mean() -> None:
    measured = scores([count_spans([(0, 4, "ORG")], [(0, 4, "ORG"), (5, 6, "MONEY")])])
    assert (measured["MONEY"].f, measured[MICRO].p, measured[MACRO].f) == (0, 0.5, 1)


# --- agreement with seqeval -----------------------------------------------------------------------


def tags(spans: Sequence[Span], length: int) -> list[str]:
    """IOB2 tags of characters; where spans overlap, the later one's."""
    result = ["O"] * length
    for start, end, label in spans:
        result[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return result


def seqeval(articles: Sequence[Article]) -> dict[str, Any]:
    lengths = [max([1, *(end for side in article for _, end, _ in side)]) for article in articles]
    sides = ([tags(a[side], n) for a, n in zip(articles, lengths, strict=True)] for side in (0, 1))
    report: dict[str, Any] = classification_report(
        *sides, output_dict=True, mode="strict", scheme=IOB2, zero_division=0
    )
    return report


def assert_agree(articles: Sequence[Article]) -> None:
    measured = scores([count_spans(*article) for article in articles])
    report = seqeval(articles)
    labels = {label for article in articles for side in article for _, _, label in side}
    for label, name in [*((label, label) for label in labels), (MICRO, "micro avg")]:
        row, score = report[name], measured[label]
        assert score.support == row["support"]
        assert score.p == pytest.approx(row["precision"])
        assert score.r == pytest.approx(row["recall"])
        assert score.f == pytest.approx(row["f1-score"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(st.lists(FLAT_ARTICLE, min_size=1, max_size=4))
def test_agreement_with_seqeval(articles: list[Article]) -> None:
    assert_agree(articles)


def test_agreement_with_seqeval_on_the_example(readings: list[Reading]) -> None:
    articles = [(reading.document.ents, reading.predicted) for reading in readings]
    assert_agree(articles)
    measured = scores(strict_counts(readings))
    report = seqeval(articles)
    # All labels are in gold, so that the two means are over the same labels.
    assert measured[MACRO].f == pytest.approx(report["macro avg"]["f1-score"])
    assert measured[MICRO].f == pytest.approx(2 * 140 / (175 + 181))


def test_seqeval_takes_the_mean_over_labels_that_gold_lacks_too() -> None:
    article: Article = ([(0, 4, "ORG")], [(0, 4, "ORG"), (5, 6, "MONEY")])
    assert scores([count_spans(*article)])[MACRO].f == 1
    assert seqeval([article])["macro avg"]["f1-score"] == 0.5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_seqeval_has_no_mean_of_no_labels() -> None:
    assert scores([count_spans([], [])])[MACRO].f == 0
    assert isnan(seqeval([([], [])])["macro avg"]["f1-score"])


def test_tags_of_seqeval_cannot_express_overlapping_spans() -> None:
    article: Article = ([(0, 4, "ORG"), (2, 6, "PLACE")], [(0, 2, "ORG"), (2, 6, "PLACE")])
    assert scores([count_spans(*article)])[MICRO].f == 0.5
    assert seqeval([article])["micro avg"]["f1-score"] == 1


def test_tags_of_seqeval_without_b_run_neighbours_together() -> None:
    article: Article = ([(0, 2, "ORG"), (2, 4, "ORG")], [(0, 4, "ORG")])
    assert scores([count_spans(*article)])[MICRO].f == 0
    without = [[tag.replace("B-", "I-") for tag in tags(side, 4)] for side in article]
    assert f1_score(without[:1], without[1:]) == 1


def test_seqeval_reads_tags_without_b_as_spans_unless_it_is_strict() -> None:
    gold, predicted = ["B-ORG", "I-ORG"], ["I-ORG", "I-ORG"]
    assert f1_score([gold], [predicted]) == 1
    assert f1_score([gold], [predicted], mode="strict", scheme=IOB2) == 0


# --- output ---------------------------------------------------------------------------------------


def test_row() -> None:
    assert scores_row({"ORG": SCORE}) == {
        "ORG": {"p": 0.5, "r": 0.25, "f": 1 / 3, "support": 4, "low": 0.1, "high": 0.9}
    }


@pytest.mark.parametrize("title", ["sm on gold.jsonl", "sm on gold[/x].jsonl", "[red]sm"])
def test_table(title: str) -> None:
    page = io.StringIO()
    labels = ("ORG", "CAPACITY", MICRO, MACRO)
    table = scores_table(dict.fromkeys(labels, SCORE), title)
    Console(file=page, width=80).print(table)
    lines = page.getvalue().splitlines()
    assert lines[0].strip() == title
    assert [line[0] for line in lines[1:]] == list("┏┃┡││├││└")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]
    assert rows == [[label, "0.500", "0.250", "0.333", "0.100 - 0.900", "4"] for label in labels]
