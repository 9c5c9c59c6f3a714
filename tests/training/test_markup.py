"""Tests of the in-line mark-up of drafts."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.conftest import TINY
from training.markup import META_KEYS, main, parse, read_draft, unparse
from zhinvest.documents import CorpusError, Document, read_documents
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

META = {"kind": "flash", "region": ["山西"], "industry": "钢铁", "script": "hans"}

MARKED = [
    ("", "", []),
    ("甲厂投产。", "甲厂投产。", []),
    ("[甲厂]ORG投产。", "甲厂投产。", [(0, 2, "ORG")]),
    (
        "[甲厂]ORG在[太原]PLACE",
        "甲厂在太原",
        [(0, 2, "ORG"), (3, 5, "PLACE")],
    ),
    ("[甲]ORG[乙]ORG", "甲乙", [(0, 1, "ORG"), (1, 2, "ORG")]),
    (
        "投[3亿元]MONEY，年产[5GWh]CAPACITY",
        "投3亿元，年产5GWh",
        [(1, 4, "MONEY"), (7, 11, "CAPACITY")],
    ),
    ("[注]与[甲]LOC与[乙", "[注]与[甲]LOC与[乙", []),
    ("[]ORG", "[]ORG", []),
    ("[甲]ORGS", "甲S", [(0, 1, "ORG")]),
    ("[甲]org", "[甲]org", []),
    ("[[甲]ORG]", "[甲]", [(1, 2, "ORG")]),
    ("[甲\n乙]ORG", "甲\n乙", [(0, 3, "ORG")]),
    ("甲\n\n[乙厂]ORG\n", "甲\n\n乙厂\n", [(3, 5, "ORG")]),
]


@pytest.mark.parametrize(("marked", "text", "ents"), MARKED)
def test_parse(marked: str, text: str, ents: list[Span]) -> None:
    assert parse(marked) == (text, ents)


@pytest.mark.parametrize(("marked", "text", "ents"), MARKED)
def test_unparse_is_the_reverse(marked: str, text: str, ents: list[Span]) -> None:
    if parse(text) == (text, []):
        assert unparse(Document("d", text, ents)) == marked


@st.composite
def documents(draw: st.DrawFn, letters: str) -> Document:
    """Draw a document made of pieces, some of which are entities."""
    pieces = draw(
        st.lists(st.tuples(st.text(letters, min_size=1), st.sampled_from([None, *LABELS])))
    )
    text, ents = "", list[Span]()
    for piece, label in pieces:
        if label:
            ents.append((len(text), len(text) + len(piece), label))
        text += piece
    return Document("d", text, ents)


@given(documents("甲乙 \n0aORGMNEY()\u3000𠮷"))
def test_parse_gives_back_what_unparse_marked(document: Document) -> None:
    assert parse(unparse(document)) == (document.text, document.ents)


@given(documents("甲[]ORG"))
def test_brackets_are_marked_right_or_refused(document: Document) -> None:
    try:
        marked = unparse(document)
    except ValueError:
        assert "[" in document.text or "]" in document.text
    else:
        assert parse(marked) == (document.text, document.ents)


@given(st.text("甲乙[]ORGPLACE\n", max_size=40))
def test_parse_drops_nothing_but_marks(marked: str) -> None:
    text, ents = parse(marked)
    assert len(marked) == len(text) + sum(2 + len(label) for _, _, label in ents)
    assert all(text[start:end] for start, end, _ in ents)


@pytest.mark.parametrize(
    "document",
    [
        Document("d7", "见[甲]ORG", []),
        Document("d7", "甲[1]厂", [(0, 5, "ORG")]),
        Document("d7", "甲]厂", [(0, 3, "ORG")]),
    ],
)
def test_unparse_names_a_document_whose_brackets_would_be_marks(document: Document) -> None:
    with pytest.raises(ValueError, match=r"'d7'.*brackets"):
        unparse(document)


def test_the_tiny_corpus_goes_there_and_back() -> None:
    for document in read_documents(TINY):
        assert parse(unparse(document)) == (document.text, document.ents)


# --- drafts --------------------------------------------------------------------------------------


def draft(folder: Path, name: str, meta: Any, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    head = meta if isinstance(meta, str) else json.dumps(meta, ensure_ascii=False)
    path.write_text(f"{head}\n\n{body}", encoding="utf-8")
    return path


def invoke(drafts: Path, output: Path) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(drafts), "--output", str(output)])


def test_read_draft(tmp_path: Path) -> None:
    path = draft(tmp_path, "flash/003.txt", META | {"note": "不留"}, "题\n\n[甲厂]ORG投产。\n")
    assert read_draft(path) == Document("flash-003", "题\n\n甲厂投产。", [(3, 5, "ORG")], META)


def test_a_folder_of_drafts_becomes_one_file(tmp_path: Path) -> None:
    draft(tmp_path / "drafts", "list/001.txt", META, "[太原]PLACE")
    draft(tmp_path / "drafts", "flash/002.txt", META, "[甲厂]ORG")
    draft(tmp_path / "drafts", "flash/001.txt", META, "无")
    result = invoke(tmp_path / "drafts", tmp_path / "articles.jsonl")
    assert result.output == f"{tmp_path / 'articles.jsonl'}: 3 articles\n"
    ids = [d.id for d in read_documents(tmp_path / "articles.jsonl")]
    assert ids == ["flash-001", "flash-002", "list-001"]


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ("[甲厂]ORG投产", "Expecting"),
        ('["flash"]', "must be an object"),
        ({key: META[key] for key in META_KEYS if key != "script"}, "script"),
    ],
)
def test_faulty_drafts_are_all_named_and_nothing_is_written(
    tmp_path: Path, meta: Any, reason: str
) -> None:
    draft(tmp_path / "drafts", "flash/001.txt", META, "[甲厂]ORG")
    faulty = [draft(tmp_path / "drafts", f"flash/{n}.txt", meta, "文") for n in (2, 3)]
    result = invoke(tmp_path / "drafts", tmp_path / "articles.jsonl")
    assert isinstance(result.exception, CorpusError)
    first, second = result.exception.problems
    assert first.startswith(f"{faulty[0]}: ")
    assert second.startswith(f"{faulty[1]}: ")
    assert reason in first
    assert not (tmp_path / "articles.jsonl").exists()
