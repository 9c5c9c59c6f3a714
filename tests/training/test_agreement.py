"""Tests of the agreement of two annotators, on an example counted by hand."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from training.agreement import agreement, character_tags, main
from zhinvest.documents import CorpusError, Document, write_documents
from zhinvest.scorer import Span

TEXT = "甲厂在乙市投资3亿"
FIRST = [
    Document("1", TEXT, [(0, 2, "ORG"), (3, 5, "PLACE"), (7, 9, "MONEY")]),
    Document("2", "丁", []),
]
SECOND = [
    Document("2", "丁", []),
    Document("1", TEXT, [(0, 2, "ORG"), (3, 4, "PLACE"), (7, 9, "MONEY")]),
]
"""The second annotator reads 乙 where the first reads 乙市; its articles are in another order.

Of ten characters the tags of nine are the same: po = 9/10. The first gives O 4, B-ORG 1, I-ORG 1,
B-PLACE 1, I-PLACE 1, B-MONEY 1, I-MONEY 1, the second O 5, I-PLACE 0, else the same:
pe = (4*5 + 1 + 1 + 1 + 0 + 1 + 1)/100 = 25/100; kappa = (0.9 - 0.25)/(1 - 0.25) = 0.8667.
"""
F1 = {"ORG": 1.0, "PLACE": 0.0, "MONEY": 1.0, "CAPACITY": 0.0, "micro": 0.6667}
SPANS = {"ORG": [1, 1], "PLACE": [1, 1], "MONEY": [1, 1], "CAPACITY": [0, 0], "micro": [3, 3]}


def test_the_example_counted_by_hand() -> None:
    assert agreement(FIRST, SECOND) == {"articles": 2, "f1": F1, "spans": SPANS, "kappa": 0.8667}


def test_agreement_of_an_annotator_with_itself() -> None:
    figures = agreement(FIRST, FIRST)
    assert figures["f1"] == {"ORG": 1, "PLACE": 1, "MONEY": 1, "CAPACITY": 0, "micro": 1}
    assert figures["kappa"] == 1.0


def test_agreement_does_not_depend_on_the_order_of_annotators() -> None:
    one, other = agreement(FIRST, SECOND), agreement(SECOND, FIRST)
    assert (one["f1"], one["kappa"]) == (other["f1"], other["kappa"])


def test_spans_are_given_for_either_annotator() -> None:
    fewer = [Document("1", TEXT, [(0, 2, "ORG")]), FIRST[1]]
    assert agreement(FIRST, fewer)["spans"]["micro"] == [3, 1]
    assert agreement(FIRST, fewer)["f1"]["micro"] == 0.5


def test_annotators_that_guess_have_no_kappa() -> None:
    rng = random.Random(0)

    def guessed() -> list[Document]:
        spans: list[Span] = [(i, i + 1, "ORG") for i in range(4000) if rng.random() < 0.5]
        return [Document("1", "甲" * 4000, spans)]

    assert abs(agreement(guessed(), guessed())["kappa"]) < 0.05


@pytest.mark.parametrize(
    ("ents", "expected"),
    [
        ([], "O O O O"),
        ([(0, 4, "ORG")], "B-ORG I-ORG I-ORG I-ORG"),
        ([(1, 2, "PLACE")], "O B-PLACE O O"),
        ([(0, 2, "MONEY"), (2, 4, "MONEY")], "B-MONEY I-MONEY B-MONEY I-MONEY"),
    ],
)
def test_character_tags(ents: list[Span], expected: str) -> None:
    assert character_tags(Document("1", "甲乙丙丁", ents)) == expected.split()


@pytest.mark.parametrize(
    ("second", "problems"),
    [
        (FIRST[:1], ["2: in one annotation only"]),
        ([*FIRST, Document("3", "戊")], ["3: in one annotation only"]),
        ([Document("1", TEXT + "。"), FIRST[1]], ["1: the texts differ"]),
        (
            [Document("1", "丙"), Document("4", "己")],
            ["2: in one annotation only", "4: in one annotation only", "1: the texts differ"],
        ),
    ],
)
def test_other_articles_are_a_corpus_error(second: list[Document], problems: list[str]) -> None:
    with pytest.raises(CorpusError) as raised:
        agreement(FIRST, second)
    assert raised.value.problems == problems


def invoke(*arguments: Any) -> Any:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_and_writes_the_figures(tmp_path: Path) -> None:
    paths = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, documents in zip(paths, (FIRST, SECOND), strict=True):
        write_documents(path, documents)
    result = invoke(*paths, "--output", tmp_path / "out" / "agreement.json")
    assert json.loads(result.stdout) == agreement(FIRST, SECOND)
    assert (tmp_path / "out" / "agreement.json").read_text(encoding="utf-8") == result.stdout


def test_the_command_writes_nothing_where_texts_differ(tmp_path: Path) -> None:
    write_documents(tmp_path / "a.jsonl", FIRST)
    write_documents(tmp_path / "b.jsonl", [FIRST[0], Document("2", "戊")])
    output = tmp_path / "agreement.json"
    result = invoke(tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--output", output)
    assert isinstance(result.exception, CorpusError)
    assert not output.exists()
