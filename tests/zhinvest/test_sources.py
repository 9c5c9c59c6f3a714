"""Tests of what `zhinvest annotate` takes: files of every kind, folders, standard input."""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zhinvest.sources import STDIN, Article, Problem, find_files, read_articles


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """A function that takes the rights to a file or folder away, from root as well."""
    scandir, read_bytes = os.scandir, Path.read_bytes

    def take(path: Path) -> None:
        def refused(name: object) -> bool:
            return str(name) == str(path)

        def scan(name: str) -> object:
            if refused(name):
                raise PermissionError(13, "Permission denied", str(name))
            return scandir(name)

        def read(self: Path) -> bytes:
            if refused(self):
                raise PermissionError(13, "Permission denied", str(self))
            return read_bytes(self)

        monkeypatch.setattr(os, "scandir", scan)
        monkeypatch.setattr(Path, "read_bytes", read)

    return take


def make(folder: Path, *names: str) -> list[str]:
    """Make files with a text in them; their names as strings."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("上海", encoding="utf-8")
    return [str(folder / name) for name in names]


# --- files and folders ----------------------------------------------------------------------------


def test_files_and_standard_input_are_taken_as_named() -> None:
    names = ["missing.txt", STDIN, "odd.xyz", "长" * 1000]
    assert list(find_files(names)) == names


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.txt", "a/z.HTML", "a/y.jsonl", "a/deep/x.md", "c.htm", "c.pdf", "d")
    names = ["a/deep/x.md", "a/y.jsonl", "a/z.HTML", "b.txt", "c.htm"]
    assert list(find_files([str(tmp_path)])) == [str(tmp_path / name) for name in names]


def test_folder_without_articles(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "empty/b")
    (problem,) = find_files([str(tmp_path)])
    assert problem == Problem(
        str(tmp_path), "no file with one of .htm .html .jsonl .md .ndjson .txt .xhtml"
    )


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    files = make(tmp_path, "a/b.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert list(find_files([str(tmp_path)])) == files


def test_folder_without_rights_does_not_stop_the_others(
    tmp_path: Path, forbid: Callable[[Path], None]
) -> None:
    files = make(tmp_path, "a.txt", "closed/b.txt", "open/c.txt")
    forbid(tmp_path / "closed")
    assert list(find_files([str(tmp_path)])) == [
        files[0],
        files[2],
        Problem(str(tmp_path / "closed"), "Permission denied"),
    ]
    assert list(find_files([str(tmp_path / "closed")])) == [
        Problem(str(tmp_path / "closed"), "Permission denied")
    ]


# --- one file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", "上海\r\n".encode(), "上海\r\n"),
        ("a.txt", "上海".encode("gb18030"), "上海"),
        ("a.txt", "上海".encode("utf-8-sig"), "上海"),
        ("a.txt", "上海".encode("utf-16"), "上海"),
        ("a.unknown", b"<p>\x00", "<p>\x00"),
        ("a.html", "<p>上海<p>金山".encode(), "上海\n金山"),
        ("a.XHTML", "<p>上海</p>".encode("gb18030"), "上海"),
    ],
)
def test_article_of_a_file(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert list(read_articles(str(path))) == [Article(str(path), text)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "holds no text"),
        ("a.txt", " \n\u3000".encode(), "holds no text"),
        ("a.txt", b"\xef\xbb\xbf", "holds no text"),
        ("a.html", b"<html><head><title>x</title></head></html>", "holds no text"),
        ("a.jsonl", b"\n\n", "holds no text"),
        ("a.txt", b"\xff\xff", "neither UTF-8 (fault at byte 0) nor GB18030 (fault at byte 0)"),
    ],
)
def test_problem_of_a_file(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert list(read_articles(str(path))) == [Problem(str(path), reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.txt", "No such file or directory"),
        ("长" * 1000, "File name too long"),
        ("", "Is a directory"),
    ],
)
def test_file_that_cannot_be_opened(tmp_path: Path, name: str, reason: str) -> None:
    path = str(tmp_path / name)
    assert list(read_articles(path)) == [Problem(path, reason)]


def test_file_without_rights(tmp_path: Path, forbid: Callable[[Path], None]) -> None:
    (path,) = make(tmp_path, "a.txt")
    forbid(Path(path))
    assert list(read_articles(path)) == [Problem(path, "Permission denied")]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO("上海".encode("gb18030"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data, encoding="ascii"))
    assert list(read_articles(STDIN)) == [Article(STDIN, "上海")]


ROWS = '\n{"id": "a", "text": "上海"}\n\n{"text": "金山"}\n{"text": 5}\n'


def test_rows_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(ROWS.encode("utf-8-sig")))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(read_articles(STDIN)) == [
        Article("a", "上海"),
        Article("-:4", "金山"),
        Problem("-:5", NO_ROW),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"text": 5}\n{"text": "上海"}',
        '["上海"]',
        '{\n"text": "上海"}',
        "{上海",
        "5亿元",
        "[" * 10_000,
    ],
)
def test_what_does_not_begin_with_a_row_is_a_text(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert list(read_articles(STDIN)) == [Article(STDIN, text)]


def test_rows_in_a_file_of_text_are_a_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(ROWS, encoding="utf-8")
    assert list(read_articles(str(path))) == [Article(str(path), ROWS)]


# --- JSONL ----------------------------------------------------------------------------------------

NO_ROW = "a row must be an object with a string 'text'"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"id": "x", "text": "上海"}', Article("x", "上海")),
        ('{"id": 7, "text": "上海"}', Article("7", "上海")),
        ('{"text": "上海"}', Article("{where}", "上海")),
        ('{"text": ""}', Article("{where}", "")),
        ('{"text": "\\ud800"}', Article("{where}", "\ud800")),
        ('{"text": 5}', Problem("{where}", NO_ROW)),
        ('{"id": "x"}', Problem("{where}", NO_ROW)),
        ("[]", Problem("{where}", NO_ROW)),
        ("null", Problem("{where}", NO_ROW)),
    ],
)
def test_row(tmp_path: Path, line: str, expected: Article | Problem) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'\n{{"id": "first", "text": "甲"}}\r\n{line}', encoding="utf-8")
    first, second = read_articles(str(path))
    where = f"{path}:3"
    match expected:
        case Article("{where}", text):
            expected = Article(where, text)
        case Problem("{where}", reason):
            expected = Problem(where, reason)
    assert (first, second) == (Article("first", "甲"), expected)


def test_row_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"text": "上海", "date": "2024-05-01", "meta": {"a": [1]}}
    path.write_text(json.dumps(row), encoding="utf-8")
    (article,) = read_articles(str(path))
    assert isinstance(article, Article)
    assert article.row == row


@pytest.mark.parametrize("line", ["{", "上海", "[" * 100_000, "9" * 5_000])
def test_broken_row_does_not_stop_the_others(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.ndjson"
    good = json.dumps({"id": "good", "text": "甲"})
    path.write_text(f"{good}\n{line}\n{good}", encoding="utf-8")
    first, problem, last = read_articles(str(path))
    assert first == last == Article("good", "甲")
    assert isinstance(problem, Problem)
    assert problem.where == f"{path}:2"
    assert problem.reason.startswith("not JSON: ")
