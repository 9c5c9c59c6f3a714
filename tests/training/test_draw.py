"""Tests of drawing a part of annotated documents."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from training.draw import main
from zhinvest.documents import Document, read_documents, write_documents

IDS = [*(f"kind-{number:03}" for number in range(200)), *(f"long-{n}" for n in range(5))]


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    path = tmp_path / "all.jsonl"
    write_documents(path, [Document(i, f"甲公司{i}", [(0, 3, "ORG")], {}) for i in IDS])
    return path


def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(main)
    return app


def drawn(annotated: Path, *options: str) -> list[str]:
    output = annotated.parent / "drawn.jsonl"
    result = CliRunner().invoke(command(), [str(annotated), "--output", str(output), *options])
    assert result.exit_code == 0, result.output
    documents = read_documents(output)
    assert result.output == f"{output}: {len(documents)} of {len(IDS)} documents\n"
    assert all(document.ents == [(0, 3, "ORG")] for document in documents)
    return [document.id for document in documents]


def test_about_the_share_is_drawn_in_order(annotated: Path) -> None:
    found = drawn(annotated, "--share", "0.3")
    assert 40 < len(found) < 85
    assert found == [i for i in IDS if i in found]


def test_the_seed_decides(annotated: Path) -> None:
    one = drawn(annotated, "--share", "0.5")
    assert drawn(annotated, "--share", "0.5") == one
    assert drawn(annotated, "--share", "0.5", "--seed", "1") != one


def test_some_are_taken_whole(annotated: Path) -> None:
    plain = drawn(annotated, "--share", "0.2")
    found = drawn(annotated, "--share", "0.2", "--whole", "long-")
    assert found == [i for i in IDS if i in plain or i.startswith("long-")]


def test_a_document_is_drawn_whatever_stands_beside_it(annotated: Path) -> None:
    found = drawn(annotated, "--share", "0.5")
    part = annotated.parent / "part.jsonl"
    write_documents(part, read_documents(annotated)[50:150])
    result = CliRunner().invoke(command(), [str(part), "--output", str(part), "--share", "0.5"])
    assert result.exit_code == 0
    assert [d.id for d in read_documents(part)] == [i for i in IDS[50:150] if i in found]


@pytest.mark.parametrize(("share", "count"), [("0", 0), ("1", len(IDS))])
def test_nothing_and_all(annotated: Path, share: str, count: int) -> None:
    assert len(drawn(annotated, "--share", share)) == count
