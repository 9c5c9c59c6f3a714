"""Tests of measuring a pipeline on gold articles."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from spacy.language import Language

from zhinvest.documents import Document
from zhinvest.evaluate import Score, evaluate, scores_row, scores_table
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Span

SCORE = Score(p=0.5, r=0.25, f=1 / 3, support=4, low=0.1, high=0.9)


def test_a_pipeline_that_knows_the_articles(reader: Language, gold: list[Document]) -> None:
    scores = evaluate(reader, gold)
    assert list(scores) == [*LABELS, MICRO]
    for label, score in scores.items():
        assert 0.85 < score.f <= 1, label
        assert 0 <= score.low <= score.f <= score.high <= 1, label
        assert score.support == sum(
            label in (MICRO, wanted) for document in gold for _, _, wanted in document.ents
        )


def test_a_pipeline_that_finds_nothing(characters: Language, gold: list[Document]) -> None:
    scores = evaluate(characters, gold)
    supports = [scores[label].support for label in LABELS]
    assert min(supports) > 0
    assert scores[MICRO] == Score(0, 0, 0, sum(supports), 0, 0)


def test_shifted_gold_is_not_found(reader: Language, gold: list[Document]) -> None:
    def shifted(document: Document) -> Document:
        ents: list[Span] = [(start, end - 1, label) for start, end, label in document.ents]
        return replace(document, ents=ents)

    scores = evaluate(reader, [shifted(document) for document in gold])
    assert scores[MICRO].f < 0.05
    assert scores[MICRO].support == sum(len(document.ents) for document in gold)


def test_batches_change_nothing(reader: Language, gold: list[Document]) -> None:
    assert evaluate(reader, gold, batch_size=1) == evaluate(reader, gold)


def test_no_article(reader: Language) -> None:
    with pytest.raises(ValueError, match="no article"):
        evaluate(reader, [])


def test_row() -> None:
    assert scores_row({"ORG": SCORE}) == {
        "ORG": {"p": 0.5, "r": 0.25, "f": 1 / 3, "support": 4, "low": 0.1, "high": 0.9}
    }


@pytest.mark.parametrize("title", ["sm on gold.jsonl", "sm on gold[/x].jsonl", "[red]sm"])
def test_table(title: str) -> None:
    page = io.StringIO()
    table = scores_table({"ORG": SCORE, "CAPACITY": SCORE, MICRO: SCORE}, title)
    Console(file=page, width=80).print(table)
    lines = page.getvalue().splitlines()
    assert lines[0].strip() == title
    assert [line[0] for line in lines[1:]] == list("┏┃┡││├│└")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]
    assert rows == [
        [label, "0.500", "0.250", "0.333", "0.100 - 0.900", "4"]
        for label in ("ORG", "CAPACITY", MICRO)
    ]
