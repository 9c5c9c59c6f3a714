"""Tests of the generated tables of README.md and of the corpus card."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.conftest import ROOT, TINY
from training import card, readme
from training.benchmark.tables import summary
from zhinvest.documents import read_documents
from zhinvest.labels import LABELS

SCORE = {"p": 0.5, "r": 0.25, "f": 1 / 3, "support": 4, "low": 0.1, "high": 0.6}


def invoke(main: object, *arguments: str | Path) -> int:
    app = typer.Typer()
    app.command()(main)  # type: ignore[type-var]
    return CliRunner().invoke(app, [str(argument) for argument in arguments]).exit_code


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two systems, of which one was measured on one gold set and has one label."""
    ours = {"strict": dict.fromkeys((*LABELS, "micro"), SCORE)}
    theirs = {"strict": {"ORG": SCORE}}
    path = tmp_path / "benchmark.json"
    row = {
        "machine": {"cores": 2, "processor": "x", "python": "3.11"},
        "accuracy": {"dev": {"sm": ours, "peer": theirs}, "seeds": {"sm": ours}},
        "speed": {},
        "installed_mb": {},
        "growth": {},
        "not available": {},
    }
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


def test_one_row_for_each_gold_set_and_system(results: Path) -> None:
    header, _, *rows = summary(json.loads(results.read_text(encoding="utf-8")))
    assert header.startswith("| gold set | system | ORG | PLACE | MONEY | CAPACITY | micro |")
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| dev", "sm"],
        ["| dev", "peer"],
        ["| seeds", "sm"],
    ]
    assert [row.count("0.333 (0.100-0.600)") for row in rows] == [5, 1, 5]


def test_the_benchmark_knows_the_released_pipelines() -> None:
    """What the benchmark measured is what the metrics beside the wheels say."""
    accuracy = json.loads((ROOT / "models/benchmark.json").read_text(encoding="utf-8"))["accuracy"]
    for path in (ROOT / "models").glob("*/metrics.json"):
        for gold, released in json.loads(path.read_text(encoding="utf-8")).items():
            measured = accuracy[gold][path.parent.name]["strict"]
            for label, score in measured.items():
                assert score["f"] == pytest.approx(released["strict"][label]["f"], abs=0.001)


def test_the_table_stands_between_its_marks() -> None:
    text = f"a\n{readme.BEGIN}\nold\n{readme.END}\nb\n"
    assert readme.with_table(text, "new") == f"a\n{readme.BEGIN}\nnew\n{readme.END}\nb\n"


@pytest.mark.parametrize("text", ["", readme.BEGIN, readme.END])
def test_missing_marks_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="needs"):
        readme.with_table(text, "new")


def test_check_fails_until_the_tables_are_written(results: Path, tmp_path: Path) -> None:
    path, details = tmp_path / "README.md", tmp_path / "BENCHMARK.md"
    for file in (path, details):
        file.write_text(f"{readme.BEGIN}\n{readme.END}\n", encoding="utf-8")
    options = ("--readme", path, "--benchmark", details, "--results", results)
    assert invoke(readme.main, "--check", *options) == 1
    assert path.read_text(encoding="utf-8") == f"{readme.BEGIN}\n{readme.END}\n"
    assert invoke(readme.main, *options) == 0
    assert invoke(readme.main, "--check", *options) == 0
    assert "| seeds | sm |" in path.read_text(encoding="utf-8")


def test_the_card_counts_the_corpus(tmp_path: Path) -> None:
    shutil.copy(TINY, tmp_path / "articles.jsonl")
    shutil.copytree(ROOT / "corpus" / "agreement", tmp_path / "agreement")
    shutil.copy(ROOT / "corpus" / "curve.json", tmp_path / "curve.json")
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
