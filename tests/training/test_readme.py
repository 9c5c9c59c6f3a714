"""Tests of the generated tables of README.md and of the corpus card."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.conftest import ROOT, TINY
from training import card, readme
from zhinvest.documents import read_documents
from zhinvest.labels import LABELS

SCORE = {"p": 0.5, "r": 0.25, "f": 1 / 3, "support": 4, "low": 0.1, "high": 0.6}


def invoke(main: object, *arguments: str | Path) -> int:
    app = typer.Typer()
    app.command()(main)  # type: ignore[type-var]
    return CliRunner().invoke(app, [str(argument) for argument in arguments]).exit_code


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with the metrics of two pipelines, of which one was measured on one gold set."""
    scores = dict.fromkeys((*LABELS, "micro"), SCORE)
    for name, gold_sets in {"sm": ["dev", "seeds"], "trf": ["dev"]}.items():
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        metrics = json.dumps(dict.fromkeys(gold_sets, scores))
        (folder / "metrics.json").write_text(metrics, encoding="utf-8")
    return tmp_path / "models"


def test_one_row_for_each_gold_set_and_pipeline(models: Path) -> None:
    header, _, *rows = readme.table(models)
    assert header == "| gold set | pipeline | ORG | PLACE | MONEY | CAPACITY | micro |"
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| dev", "sm"],
        ["| dev", "trf"],
        ["| seeds", "sm"],
    ]
    assert rows[0].count("0.333 (0.100-0.600)") == 5


def test_the_table_stands_between_its_marks() -> None:
    text = f"a\n{readme.BEGIN}\nold\n{readme.END}\nb\n"
    assert readme.with_table(text, "new") == f"a\n{readme.BEGIN}\nnew\n{readme.END}\nb\n"


@pytest.mark.parametrize("text", ["", readme.BEGIN, readme.END])
def test_missing_marks_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="needs"):
        readme.with_table(text, "new")


def test_check_fails_until_the_table_is_written(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"{readme.BEGIN}\n{readme.END}\n", encoding="utf-8")
    options = ("--readme", path, "--models", models)
    assert invoke(readme.main, "--check", *options) == 1
    assert path.read_text(encoding="utf-8") == f"{readme.BEGIN}\n{readme.END}\n"
    assert invoke(readme.main, *options) == 0
    assert invoke(readme.main, "--check", *options) == 0
    assert "| seeds | sm |" in path.read_text(encoding="utf-8")


def test_the_card_counts_the_corpus(tmp_path: Path) -> None:
    shutil.copy(TINY, tmp_path / "articles.jsonl")
    shutil.copytree(ROOT / "corpus" / "agreement", tmp_path / "agreement")
    documents = read_documents(TINY)
    lines = list(card.figures(tmp_path))
    totals = [line for line in lines if line.startswith("| all |")]
    characters = sum(len(document.text) for document in documents)
    assert all(line.startswith(f"| all | {len(documents)} | {characters:,} |") for line in totals)
    surfaces = {d.text[s:e] for d in documents for s, e, label in d.ents if label == "ORG"}
    assert f"|  | {len(surfaces)} |" in next(line for line in lines if line.startswith("|  |"))


def test_the_card_is_stale_when_the_corpus_changes(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    assert invoke(card.main, "--check", "--corpus", tmp_path / "corpus") == 0
    shutil.copy(TINY, tmp_path / "corpus" / "articles.jsonl")
    assert invoke(card.main, "--check", "--corpus", tmp_path / "corpus") == 1
