"""Tests of the JSONL of annotated articles: every fault is found, and named."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TINY
from zhinvest.documents import (
    CorpusError,
    Document,
    document_row,
    read_documents,
    read_rows,
    text_hash,
    write_documents,
    write_rows,
)
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

TEXT = "恒川公司 投资五亿元"
ROW: dict[str, Any] = {"id": "a", "text": TEXT, "ents": [[0, 4, "ORG"], [7, 10, "MONEY"]]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gold.jsonl"


def write(path: Path, *rows: Any) -> None:
    """Write rows, a string as it stands and anything else as JSON."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")


def problems(path: Path) -> list[str]:
    with pytest.raises(CorpusError) as caught:
        read_documents(path)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


# --- what is read ---------------------------------------------------------------------------------


def test_read(file: Path) -> None:
    full = ROW | {"sha256": text_hash(TEXT), "meta": {"kind": "flash"}}
    write(file, full, "", "  ", {"id": "b", "text": "", "ents": []})
    assert read_documents(file) == [
        Document("a", TEXT, [(0, 4, "ORG"), (7, 10, "MONEY")], {"kind": "flash"}),
        Document("b", "", [], {}),
    ]


def test_entities_are_sorted(file: Path) -> None:
    write(file, ROW | {"ents": [[7, 10, "MONEY"], [0, 4, "ORG"]]})
    assert read_documents(file)[0].ents == [(0, 4, "ORG"), (7, 10, "MONEY")]


def test_touching_entities_do_not_overlap(file: Path) -> None:
    write(file, ROW | {"ents": [[0, 2, "PLACE"], [2, 4, "ORG"]]})
    assert read_documents(file)[0].ents == [(0, 2, "PLACE"), (2, 4, "ORG")]


def test_hash_of_a_slice_is_that_of_the_whole(file: Path) -> None:
    write(file, ROW | {"sha256": text_hash("the whole page"), "start": 4, "end": 14})
    assert read_documents(file)[0].text == TEXT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(file: Path, encoding: str) -> None:
    line = json.dumps(ROW, ensure_ascii=False)
    file.write_bytes(f"{line}\r\n".encode(encoding))
    assert read_documents(file)[0].text == TEXT


def test_tiny_corpus() -> None:
    documents = read_documents(TINY)
    assert {label for document in documents for _, _, label in document.ents} == set(LABELS)


# --- faults ---------------------------------------------------------------------------------------

FAULTS = [
    ({"ents": [[8, 11, "MONEY"]]}, "entity [8, 11, 'MONEY']: offsets outside the text of 10"),
    ({"ents": [[-1, 2, "ORG"]]}, "entity [-1, 2, 'ORG']: offsets outside"),
    ({"ents": [[4, 2, "ORG"]]}, "entity [4, 2, 'ORG']: offsets outside"),
    ({"ents": [[2, 2, "ORG"]]}, "entity [2, 2, 'ORG']: empty"),
    ({"ents": [[0, 5, "ORG"]]}, "entity [0, 5, 'ORG']: blank at an edge of '恒川公司 '"),
    ({"ents": [[4, 6, "ORG"]]}, "entity [4, 6, 'ORG']: blank at an edge of ' 投'"),
    ({"ents": [[0, 3, "ORG"], [2, 4, "ORG"]]}, "[0, 3, 'ORG'] and [2, 4, 'ORG'] overlap"),
    ({"ents": [[0, 4, "ORG"], [0, 4, "ORG"]]}, "[0, 4, 'ORG'] and [0, 4, 'ORG'] overlap"),
    ({"ents": [[0, 4, "org"]]}, "entity [0, 4, 'org']: unknown label 'org', known are ORG, PLACE"),
    ({"ents": [[0, 4]]}, "entity [0, 4]: must be [start, end, label]"),
    ({"ents": [["0", 4, "ORG"]]}, "entity ['0', 4, 'ORG']: must be [start, end, label]"),
    ({"ents": [[0.0, 4, "ORG"]]}, "entity [0.0, 4, 'ORG']: must be [start, end, label]"),
    ({"ents": [[False, 4, "ORG"]]}, "entity [False, 4, 'ORG']: must be [start, end, label]"),
    ({"ents": [[0, True, "ORG"]]}, "entity [0, True, 'ORG']: must be [start, end, label]"),
    ({"ents": [[0, 4, None]]}, "entity [0, 4, None]: must be [start, end, label]"),
    ({"ents": ["ORG"]}, "entity 'ORG': must be [start, end, label]"),
    ({"ents": {}}, "'ents' must be list, found {}"),
    ({"ents": None}, "'ents' must be list, found None"),
    ({"text": 5}, "'text' must be str, found 5"),
    ({"id": 7}, "'id' must be str, found 7"),
    ({"meta": []}, "'meta' must be dict, found []"),
    ({"sha256": "0" * 64}, "text differs from its hash: sha256 is "),
    ({"sha256": 5}, "text differs from its hash: sha256 is "),
    ({"text": "恒川\ud800"}, "text holds a lone surrogate at character 2"),
]


@pytest.mark.parametrize(("change", "reason"), FAULTS)
def test_fault(file: Path, change: dict[str, Any], reason: str) -> None:
    write(file, ROW | {"id": "first"}, ROW | change)
    (problem,) = problems(file)
    assert problem.startswith(f"{file}:2: ")
    assert reason in problem


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: Expecting property name"),
        ("恒川公司", "not JSON: Expecting value"),
        ("[" * 100_000, "not JSON: maximum recursion depth exceeded"),
        ("9" * 5_000, "not JSON: Exceeds the limit"),
        ("[]", "a row must be an object, found list"),
        ("null", "a row must be an object, found NoneType"),
    ],
)
def test_line_that_is_no_row(file: Path, line: str, reason: str) -> None:
    write(file, ROW, line)
    (problem,) = problems(file)
    assert problem.startswith(f"{file}:2: {reason}")


def test_empty_row_lacks_three_fields(file: Path) -> None:
    write(file, {}, {})
    assert problems(file) == [
        f"{file}:{line}: {key!r} must be {kind}, found None"
        for line in (1, 2)
        for key, kind in (("id", "str"), ("text", "str"), ("ents", "list"))
    ]


def test_duplicate_id(file: Path) -> None:
    write(file, ROW, ROW | {"id": "b"}, ROW, ROW)
    assert problems(file) == [
        f"{file}:3: duplicate id 'a', first on line 1",
        f"{file}:4: duplicate id 'a', first on line 1",
    ]


def test_all_faults_of_all_lines_are_listed(file: Path) -> None:
    write(
        file,
        ROW,
        ROW | {"id": "b", "ents": [[0, 0, "ORG"], [0, 4, "GPE"]]},
        "not JSON",
        ROW,
        ROW | {"id": "c", "text": None, "meta": 3},
    )
    found = problems(file)
    assert [problem.removeprefix(f"{file}:").split(":")[0] for problem in found] == list("223455")
    assert "duplicate" in found[3]


def test_many_faults_are_counted(file: Path) -> None:
    write(file, *["x"] * 30)
    with pytest.raises(CorpusError) as caught:
        read_documents(file)
    assert len(caught.value.problems) == 30
    assert str(caught.value).split("\n")[20:] == ["... and 10 more"]


@pytest.mark.parametrize("function", [read_documents, lambda path: list(read_rows(path))])
def test_file_that_cannot_be_read(tmp_path: Path, function: Any) -> None:
    rubbish = tmp_path / "rubbish.jsonl"
    rubbish.write_bytes(b"\xff\xff\x80")
    for path, reason in [
        (tmp_path / "missing.jsonl", "No such file"),
        (tmp_path, "Is a directory"),
        (rubbish, "neither UTF-8"),
    ]:
        with pytest.raises(CorpusError) as caught:
            function(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert reason in str(caught.value)


def test_read_rows_numbers_the_lines_of_the_file(file: Path) -> None:
    write(file, {"a": 1}, "", [2], "{")
    rows = read_rows(file)
    assert [next(rows), next(rows)] == [(1, {"a": 1}), (3, [2])]
    with pytest.raises(CorpusError, match=r"gold\.jsonl:4: not JSON"):
        next(rows)


# --- what is written ------------------------------------------------------------------------------


def has_blank_edge(text: str, span: tuple[int, int]) -> bool:
    surface = text[slice(*span)]
    return surface != surface.strip()


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    result = []
    for name in draw(st.sets(st.text(max_size=5), max_size=3)):
        text = draw(st.text())
        bounds = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        spans: list[Span] = [
            (*pair, draw(st.sampled_from(LABELS)))
            for pair in pairs
            if not has_blank_edge(text, pair)
        ]
        meta = draw(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3)))
        result.append(Document(name, text, spans, meta))
    return result


@given(written=documents())
def test_what_is_written_is_read(file: Path, written: list[Document]) -> None:
    write_documents(file, written)
    assert read_documents(file) == written


def test_row_of_a_document() -> None:
    assert document_row(Document("a", "上海", [(0, 2, "PLACE")])) == {
        "id": "a",
        "sha256": text_hash("上海"),
        "text": "上海",
        "ents": [[0, 2, "PLACE"]],
    }
    assert document_row(Document("a", "", meta={"k": 1}))["meta"] == {"k": 1}


def test_text_is_written_readably(file: Path) -> None:
    write_rows(file, [{"text": "上海\u2028\n"}, math.pi])
    assert file.read_text(encoding="utf-8") == f'{{"text": "上海\u2028\\n"}}\n{math.pi}\n'


def test_hash_is_that_of_utf8() -> None:
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_writing_fails_whole(file: Path) -> None:
    write_documents(file, [Document("a", TEXT)])
    before = file.read_bytes()
    with pytest.raises(UnicodeEncodeError):
        write_documents(file, [Document("b", TEXT), Document("c", "\ud800")])
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
