"""Tests of all measures together."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spans import ARTICLE, FOREIGN
from zhinvest.documents import Document
from zhinvest.evaluation.matching import Outcome, Pair, count_outcomes, pair_up
from zhinvest.evaluation.metrics import NOTHING, comparison, confusion, measure, pairs_of
from zhinvest.evaluation.resampling import MACRO, compare
from zhinvest.evaluation.scores import Reading, scores, scores_row, strict_counts
from zhinvest.evaluation.slices import surfaces
from zhinvest.evaluation.views import VIEWS
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Span

Article = tuple[list[Span], list[Span]]

TEXT = "上海宏远公司投资5亿元建设年产10万吨项目"
ARTICLES = st.lists(ARTICLE, min_size=1, max_size=4)


def read(articles: Sequence[Article]) -> list[Reading]:
    return [
        Reading(Document(f"a-{number}", TEXT, gold), predicted)
        for number, (gold, predicted) in enumerate(articles)
    ]


# --- confusion ------------------------------------------------------------------------------------


@given(ARTICLES)
def test_rows_and_columns_of_the_confusion_sum_to_the_counts(articles: list[Article]) -> None:
    pairs = pairs_of(read(articles))
    found = confusion(pairs)
    labels, matrix = found["labels"], found["matrix"]
    assert labels[: len(LABELS)] == list(LABELS)
    assert labels[-1] == NOTHING
    outcomes = Counter(pair.outcome for article in pairs for pair in article)
    gold = Counter(label for spans, _ in articles for _, _, label in set(spans))
    predicted = Counter(label for _, spans in articles for _, _, label in set(spans))
    rows = dict(zip(labels, map(sum, matrix), strict=True))
    columns = dict(zip(labels, map(sum, zip(*matrix, strict=True)), strict=True))
    assert rows == {label: gold[label] for label in labels} | {NOTHING: outcomes[Outcome.SPURIOUS]}
    assert columns == {label: predicted[label] for label in labels} | {
        NOTHING: outcomes[Outcome.MISSED]
    }
    diagonal = sum(matrix[number][number] for number in range(len(labels)))
    assert diagonal == outcomes[Outcome.CORRECT] + outcomes[Outcome.BOUNDARY]
    assert matrix[-1][-1] == 0


@pytest.mark.parametrize(
    ("pair", "row", "column"),
    [
        (Pair((0, 4, "ORG"), (1, 4, "ORG")), "ORG", "ORG"),
        (Pair((0, 4, "ORG"), (0, 4, "PLACE")), "ORG", "PLACE"),
        (Pair((0, 4, "MONEY"), None), "MONEY", NOTHING),
        (Pair(None, (0, 4, FOREIGN)), NOTHING, FOREIGN),
    ],
)
def test_confusion_has_gold_in_rows(pair: Pair, row: str, column: str) -> None:
    found = confusion([[pair]])
    cells = {
        (found["labels"][y], found["labels"][x]): cell
        for y, cells in enumerate(found["matrix"])
        for x, cell in enumerate(cells)
    }
    assert {names for names, cell in cells.items() if cell} == {(row, column)}


def test_confusion_of_nothing() -> None:
    labels = [*LABELS, NOTHING]
    assert confusion([[]]) == {"labels": labels, "matrix": [[0] * 5 for _ in labels]}


# --- all measures ---------------------------------------------------------------------------------


@settings(max_examples=30)
@given(ARTICLES, st.booleans())
def test_measures_agree_with_each_other(articles: list[Article], trained: bool) -> None:
    readings = read(articles)
    known = surfaces([reading.document for reading in readings[:1]])
    metrics = measure(readings, known if trained else None)
    assert json.loads(json.dumps(metrics)) == metrics
    assert metrics["articles"] == len(articles)
    assert metrics["characters"] == len(articles) * len(TEXT)
    strict = metrics["strict"]
    assert strict == scores_row(scores(strict_counts(readings)))
    assert list(metrics["views"]) == list(VIEWS)
    for label, row in metrics["views"]["strict"].items():
        assert row["f"] == pytest.approx(strict[label]["f"])
        assert row["support"] == strict[label]["support"]
    assert metrics["errors"] == {
        label: {outcome.value: counts[outcome] for outcome in Outcome}
        for label, counts in count_outcomes(pairs_of(readings)).items()
    }
    for named in metrics["slices"].values():
        assert sum(part["articles"] for part in named.values()) == len(articles)
        assert (
            sum(part["strict"][MICRO]["support"] for part in named.values())
            == (strict[MICRO]["support"])
        )
    assert (metrics["seen"] is not None) is trained
    if trained:
        parts = metrics["seen"].values()
        assert sum(part[MICRO]["support"] for part in parts) == strict[MICRO]["support"]


def test_measures_of_the_example(readings: list[Reading]) -> None:
    metrics = measure(readings)
    assert (metrics["articles"], metrics["characters"]) == (7, 3051)
    assert metrics["strict"][MICRO]["f"] == pytest.approx(2 * 140 / (175 + 181))
    assert list(metrics["errors"]) == list(LABELS)
    assert metrics["errors"]["PLACE"] == {
        "correct": 38,
        "type": 5,
        "boundary": 2,
        "boundary and type": 2,
        "missed": 5,
        "spurious": 2,
    }
    kinds = {name: part["articles"] for name, part in metrics["slices"]["kind"].items()}
    assert kinds == {"announcement": 1, "flash": 4, "list": 1, "overseas": 1}
    assert {name: part["articles"] for name, part in metrics["slices"]["script"].items()} == {
        "hans": 6,
        "hant-hk": 1,
    }
    flash = [reading for reading in readings if reading.document.id.startswith("flash")]
    row = scores_row(scores(strict_counts(flash)))
    assert metrics["slices"]["kind"]["flash"]["strict"] == row


def test_labels_of_errors_are_in_the_order_of_the_project() -> None:
    predicted: list[Span] = [(0, 1, "A"), (2, 3, "MONEY"), (4, 5, "ORG"), (6, 7, FOREIGN)]
    metrics = measure([Reading(Document("a", TEXT), predicted)])
    assert list(metrics["errors"]) == ["ORG", "MONEY", "A", FOREIGN]
    assert metrics["confusion"]["labels"] == [*LABELS, "A", FOREIGN, NOTHING]


def test_pairs_are_those_of_each_article(readings: list[Reading]) -> None:
    expected = [pair_up(reading.document.ents, reading.predicted) for reading in readings]
    assert pairs_of(readings) == expected


def test_no_article() -> None:
    with pytest.raises(ValueError, match="no article"):
        measure([])


# --- seen and unseen ------------------------------------------------------------------------------


def test_seen_are_the_spans_of_a_surface_and_label_in_training() -> None:
    text = "上海宏遠投資宏远，上海"
    gold: list[Span] = [(0, 2, "PLACE"), (2, 4, "ORG"), (6, 8, "ORG"), (9, 11, "PLACE")]
    predicted: list[Span] = [(0, 2, "ORG"), (2, 4, "ORG"), (4, 6, "ORG"), (9, 11, "PLACE")]
    seen = measure([Reading(Document("a", text, gold), predicted)], {("宏远", "ORG")})["seen"]
    supports = {
        name: {label: part[label]["support"] for label in ("ORG", "PLACE")}
        for name, part in seen.items()
    }
    assert supports == {"seen": {"ORG": 2, "PLACE": 0}, "unseen": {"ORG": 0, "PLACE": 2}}
    # 宏遠 is seen in another script; 上海 as ORG is not the seen 上海.
    assert (seen["seen"]["ORG"]["p"], seen["seen"]["ORG"]["r"]) == (1, 0.5)
    assert (seen["unseen"]["ORG"]["p"], seen["unseen"]["PLACE"]["r"]) == (0, 0.5)


@pytest.mark.parametrize(
    ("everything", "name", "other"), [(1, "seen", "unseen"), (0, "unseen", "seen")]
)
def test_all_seen_or_none(readings: list[Reading], everything: int, name: str, other: str) -> None:
    documents = [reading.document for reading in readings]
    found = [
        Document(d.id, d.text, list(r.predicted)) for d, r in zip(documents, readings, strict=True)
    ]
    known = surfaces([*documents, *found]) if everything else set()
    metrics = measure(readings, known)
    assert metrics["seen"][name] == metrics["strict"]
    assert metrics["seen"][other][MICRO]["support"] == 0


# --- comparison -----------------------------------------------------------------------------------


def test_comparison_is_the_paired_test_of_the_strict_counts(readings: list[Reading]) -> None:
    perfect = [Reading(reading.document, reading.document.ents) for reading in readings]
    found = comparison(perfect, readings)
    assert json.loads(json.dumps(found)) == found
    assert list(found) == [*LABELS, MICRO, MACRO]
    differences = compare(strict_counts(perfect), strict_counts(readings))
    assert list(found[MICRO]) == ["difference", "low", "high", "p"]
    assert tuple(found[MICRO].values()) == (
        differences[MICRO].difference,
        differences[MICRO].low,
        differences[MICRO].high,
        differences[MICRO].p,
    )
    assert found[MICRO]["difference"] == pytest.approx(1 - 2 * 140 / (175 + 181))
    assert found[MICRO]["low"] > 0
