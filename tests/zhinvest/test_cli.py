"""Tests of the command line: a result or a clear message, never a traceback."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from spacy.tokens import Doc
from typer.testing import CliRunner

import zhinvest
from tests.conftest import ROOT, TINY
from zhinvest import cli
from zhinvest.cli import app
from zhinvest.documents import Document, document_row, write_documents
from zhinvest.evaluation.resampling import MACRO
from zhinvest.labels import COLOURS, LABELS
from zhinvest.scorer import MICRO, Span
from zhinvest.sources import Article
from zhinvest.words import Words

Run = Callable[..., Result]


def invoke(*arguments: str | Path, **options: Any) -> Result:
    """Run the command in this process; whatever happens, it must be an exit, not a traceback."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def annotate(pipeline_folder: Path) -> Run:
    """A function that runs `zhinvest annotate` with the trained pipeline."""

    def run(*arguments: str | Path, **options: Any) -> Result:
        return invoke("annotate", "--model", pipeline_folder, *arguments, **options)

    return run


@pytest.fixture
def news(tmp_path: Path, gold: list[Document]) -> Path:
    """A text file with an article that the pipeline knows."""
    path = tmp_path / "news.txt"
    path.write_text(gold[1].text, encoding="utf-8", newline="")
    return path


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def found(row: dict[str, Any]) -> set[tuple[int, int, str]]:
    """Return the spans of a row, whose texts must be what stands there."""
    for ent in row["ents"]:
        assert ent["text"] == row["text"][ent["start"] : ent["end"]]
    return {(ent["start"], ent["end"], ent["label"]) for ent in row["ents"]}


def assert_knows(row: dict[str, Any], document: Document) -> None:
    assert len(found(row) & set(document.ents)) > 0.8 * len(document.ents)


WIDE = {"COLUMNS": "200"}
"""A terminal on which no cell of a table is folded."""


def assert_shows(result: Result, document: Document) -> None:
    """Most surfaces are there, if not those next to what was added to the text."""
    surfaces = {document.text[start:end] for start, end, _ in document.ents}
    assert sum(surface in result.stdout for surface in surfaces) > 0.6 * len(surfaces)


# --- annotate: inputs -----------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_file(annotate: Run, news: Path, gold: list[Document], encoding: str) -> None:
    news.write_bytes(gold[1].text.encode(encoding))
    result = annotate(news, "--format", "jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    (row,) = rows(result)
    assert (row["id"], row["text"]) == (str(news), gold[1].text)
    assert_knows(row, gold[1])


def test_jsonl_file(annotate: Run, gold: list[Document]) -> None:
    result = annotate(TINY, "-f", "jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [(row["id"], row["text"]) for row in rows(result)] == [(d.id, d.text) for d in gold]
    for row, document in zip(rows(result), gold, strict=True):
        assert_knows(row, document)


def test_other_fields_of_a_row_are_kept(
    annotate: Run, tmp_path: Path, gold: list[Document]
) -> None:
    path = tmp_path / "rows.jsonl"
    row = document_row(gold[1]) | {"url": "https://example.org/甲"}
    path.write_text(json.dumps(row), encoding="utf-8")
    (annotated,) = rows(annotate(path, "-f", "jsonl"))
    assert list(annotated) == ["id", "text", "sha256", "meta", "url", "ents"]
    assert annotated | {"ents": row["ents"]} == row
    assert_knows(annotated, gold[1])


def test_html_file(annotate: Run, tmp_path: Path, gold: list[Document]) -> None:
    page = tmp_path / "page.html"
    paragraphs = "".join(f"<p>{line}</p>" for line in gold[1].text.split("\n"))
    page.write_text(f"<head><title>上海</title></head><body>{paragraphs}", encoding="utf-8")
    (row,) = rows(annotate(page, "-f", "jsonl"))
    assert "<" not in row["text"]
    assert row["text"].replace("\n", "") == gold[1].text.replace("\n", "")
    assert len(found(row)) > 0.8 * len(gold[1].ents)


@pytest.mark.parametrize("arguments", [[], ["-"]])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_standard_input(
    annotate: Run, gold: list[Document], arguments: list[str], encoding: str
) -> None:
    result = annotate(*arguments, "-f", "jsonl", input=gold[1].text.encode(encoding))
    (row,) = rows(result)
    assert (row["id"], row["text"]) == ("-", gold[1].text)
    assert_knows(row, gold[1])


def test_folder(annotate: Run, news: Path, gold: list[Document]) -> None:
    (news.parent / "deep").mkdir()
    write_documents(news.parent / "deep" / "two.jsonl", gold[2:4])
    (news.parent / "ignored.bin").write_bytes(b"\xff\xff")
    result = annotate(news.parent, "-f", "jsonl")
    assert result.exit_code == 0
    assert [row["id"] for row in rows(result)] == [gold[2].id, gold[3].id, str(news)]


def test_words_which_no_format_shows_are_not_segmented(
    annotate: Run, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmented: list[Doc] = []
    monkeypatch.setattr(Words, "__call__", lambda self, doc: segmented.append(doc) or doc)
    assert rows(annotate(news, "-f", "jsonl"))
    assert segmented == []


# --- annotate: outputs ----------------------------------------------------------------------------


def test_table_is_the_default(annotate: Run, news: Path, gold: list[Document]) -> None:
    result = annotate(news, env=WIDE)
    assert result.exit_code == 0
    assert "start" in result.stdout
    lines = [[cell.strip() for cell in line.split("│")[1:5]] for line in result.stdout.split("\n")]
    text = gold[1].text
    wanted = [[str(start), str(end), label, text[start:end]] for start, end, label in gold[1].ents]
    assert sum(line in lines for line in wanted) > 0.8 * len(wanted)


def test_html_page(annotate: Run, news: Path) -> None:
    result = annotate(news, TINY, "-f", "html")
    assert result.exit_code == 0
    assert result.stdout.startswith("<!DOCTYPE html>")
    assert result.stdout.count("<h2>") == 8
    assert result.stdout.count("<html") == 1
    assert all(colour in result.stdout for colour in COLOURS.values())


@pytest.mark.parametrize("output_format", ["table", "jsonl", "csv", "html"])
def test_output_file_holds_what_would_be_printed(
    annotate: Run, news: Path, tmp_path: Path, output_format: str
) -> None:
    output = tmp_path / "out" / "file"
    options = {"env": {"FORCE_COLOR": "1", "TERM": "xterm"}}
    result = annotate(news, "-f", output_format, "--output", output, **options)
    assert (result.exit_code, result.output) == (0, "")
    written = output.read_text(encoding="utf-8")
    printed = annotate(news, "-f", output_format, env={"COLUMNS": "120"}).stdout
    assert written.split() == printed.split()
    assert "\x1b" not in written


def test_output_that_cannot_be_written(annotate: Run, news: Path, tmp_path: Path) -> None:
    for output, reason in [(tmp_path, "Is a directory"), (news / "x", "exists")]:
        result = annotate(news, "-f", "jsonl", "-o", output)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"{output}: ")
        assert reason in result.stderr or "Not a directory" in result.stderr


def test_unknown_format(annotate: Run, news: Path) -> None:
    result = annotate(news, "-f", "xml")
    assert result.exit_code == 2
    assert "'table', 'jsonl', 'csv', 'html'" in result.stderr


# --- annotate: the output is no input -------------------------------------------------------------


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder with an article, and links to the folder, to the article, and to nothing."""
    folder = tmp_path / "pages"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.html").write_text("<p>上海</p>", encoding="utf-8")
    (folder / "linked.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "outside.txt").write_text("上海", encoding="utf-8")
    (tmp_path / "folder").symlink_to(folder)
    (tmp_path / "link.html").symlink_to(folder / "deep" / "a.html")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    return folder


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        (["pages/deep/a.html"], "pages/deep/a.html"),
        (["missing.txt", "-", "pages/deep/a.html"], "pages/../pages/deep/a.html"),
        (["link.html"], "pages/deep/a.html"),
        (["pages/deep/a.html"], "link.html"),
        (["pages"], "pages/deep/a.html"),
        (["folder"], "pages/deep/a.html"),
        (["pages/deep"], "folder/deep/a.html"),
        (["pages"], "outside.txt"),
        (["pages"], "pages/new/out.JSONL"),
    ],
)
def test_output_that_is_an_input(
    pages: Path, monkeypatch: pytest.MonkeyPatch, inputs: list[str], output: str
) -> None:
    # It is told before a pipeline is loaded, let alone run.
    monkeypatch.chdir(pages.parent)
    result = invoke("annotate", *inputs, "-m", "no_such_pipeline", "-f", "html", "-o", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{output}: the output must not be an input as well")
    assert (pages / "deep" / "a.html").read_text(encoding="utf-8") == "<p>上海</p>"
    assert not (pages / "new").exists()


@pytest.mark.parametrize("output", ["pages/out.csv", "page.jsonl", "pages.html"])
def test_output_beside_the_inputs(
    annotate: Run, pages: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(pages.parent)
    result = annotate("pages", "-f", "jsonl", "-o", output)
    assert (result.exit_code, result.output.strip()) == (0, "")
    assert len(Path(output).read_text(encoding="utf-8").splitlines()) == 2


def test_input_that_is_a_circle_of_links(
    annotate: Run, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pages.parent)
    result = annotate("circle", "-o", "out.txt")
    assert result.exit_code == 1
    assert result.stderr.startswith("circle: ")


# --- annotate: rows as they come ------------------------------------------------------------------


@pytest.mark.parametrize("output_format", ["jsonl", "csv"])
def test_rows_before_a_crash_are_printed(
    pipeline_folder: Path,
    tmp_path: Path,
    gold: list[Document],
    monkeypatch: pytest.MonkeyPatch,
    output_format: str,
) -> None:
    write = getattr(cli, f"to_{output_format.removesuffix('l')}")

    def fail_at_the_third(article: Article, spans: list[Span]) -> str:
        if article.id == gold[2].id:
            raise MemoryError
        return str(write(article, spans))

    monkeypatch.setattr(cli, write.__name__, fail_at_the_third)
    command = ["annotate", "-m", str(pipeline_folder), "-f", output_format, str(TINY)]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, MemoryError)
    assert [document.id in result.stdout for document in gold[:3]] == [True, True, False]
    output = tmp_path / "rows"
    CliRunner().invoke(app, [*command, "-o", str(output)])
    assert list(tmp_path.rglob("*")) == []


# --- annotate: what cannot be read does not stop the others ---------------------------------------


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder without rights, for root as well."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.txt").write_text("上海")
    scandir = os.scandir

    def scan(name: str) -> object:
        if str(name) == str(folder):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(name)

    if os.geteuid() == 0:
        monkeypatch.setattr(os, "scandir", scan)
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


def assert_reported(result: Result, news: Path, document: Document, message: str) -> None:
    """One problem is reported, exit code 1, and the article `news` is annotated."""
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(message)
    assert "Traceback" not in result.output
    by_name = {row["id"]: row for row in rows(result)}
    assert_knows(by_name[str(news)], document)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (("empty.txt", b""), ": holds no text"),
        (("blank.html", b"<p> </p>"), ": holds no text"),
        (("rubbish.txt", b"\xff\xff\x80\x00"), ": neither UTF-8"),
        (("utf16.txt", b"\xff\xfea"), ": not valid UTF-16"),
        (("rows.jsonl", b'{"text": "a"}\n{"text": "b'), ":2: not JSON"),
        (("deep.jsonl", b'{"text": "a"}\n' + b"[" * 100_000), ":2: not JSON"),
        (("other.jsonl", b'{"text": "a"}\n{"body": "b"}'), ":2: a row must be an object with a"),
    ],
)
def test_problem_is_reported(
    annotate: Run, news: Path, gold: list[Document], file: tuple[str, bytes], message: str
) -> None:
    name, data = file
    path = news.parent / name
    path.write_bytes(data)
    assert_reported(annotate(path, news, "-f", "jsonl"), news, gold[1], f"{path}{message}")


def test_folder_without_rights_is_reported(
    annotate: Run, news: Path, gold: list[Document], closed: Path
) -> None:
    result = annotate(closed, news, "-f", "jsonl")
    assert_reported(result, news, gold[1], f"{closed}: Permission denied")


def test_several_problems_are_all_reported(annotate: Run, news: Path, gold: list[Document]) -> None:
    result = annotate("missing-1", news, "missing-2", "-f", "jsonl")
    assert_reported(result, news, gold[1], "missing-2: No such file")
    assert "missing-1: No such file" in result.stderr


@pytest.mark.parametrize("output_format", ["table", "jsonl", "csv", "html"])
def test_nothing_but_a_problem(annotate: Run, tmp_path: Path, output_format: str) -> None:
    result = annotate(tmp_path / "missing.txt", "-f", output_format)
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path / 'missing.txt'}: No such file or directory\n"
    assert "news.txt" not in result.stdout


# --- annotate: odd texts --------------------------------------------------------------------------


def test_a_line_of_five_megabytes(annotate: Run, news: Path, gold: list[Document]) -> None:
    line = gold[1].text.replace("\n", "。")
    text = line + "GWh" * 1_666_667 + "。" + line
    news.write_text(text, encoding="utf-8")
    result = annotate(news, "-f", "jsonl")
    assert result.exit_code == 0
    (row,) = rows(result)
    assert row["text"] == text
    starts = {start for start, _, _ in found(row)}
    assert min(starts) < len(line)
    assert max(starts) > 5_000_000


@pytest.mark.parametrize("output_format", ["table", "jsonl", "csv", "html"])
def test_nul_bytes(annotate: Run, news: Path, gold: list[Document], output_format: str) -> None:
    news.write_bytes(b"\x00" * 100 + gold[1].text.encode() + b"\x00")
    result = annotate(news, "-f", output_format, env=WIDE)
    assert result.exit_code == 0
    assert_shows(result, gold[1])
    assert "\x00" not in result.stdout


@pytest.mark.parametrize("output_format", ["table", "jsonl", "csv", "html"])
def test_lone_surrogates(
    annotate: Run, tmp_path: Path, gold: list[Document], output_format: str
) -> None:
    path = tmp_path / "rows.jsonl"
    text = "\ud83d\n" + gold[1].text
    path.write_text(json.dumps({"id": "a\udfff", "text": text}), encoding="utf-8")
    result = annotate(path, "-f", output_format, env=WIDE)
    assert result.exit_code == 0
    if output_format == "jsonl":
        (row,) = rows(result)
        assert (row["id"], row["text"]) == ("a\udfff", "\ufffd" + text[1:])
        assert found(row)
    else:
        assert_shows(result, gold[1])


# --- annotate: the pipeline -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("no_such_pipeline", "Can't find model 'no_such_pipeline'"),
        (str(ROOT / "tests"), "Could not read meta.json"),
        ("rich", "has no attribute 'load'"),
    ],
)
@pytest.mark.parametrize("command", ["annotate", "evaluate"])
def test_pipeline_that_is_none(news: Path, command: str, model: str, reason: str) -> None:
    arguments = [news, "-m", model] if command == "annotate" else [model, TINY]
    result = invoke(command, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"cannot load the pipeline {model!r}: ")
    assert reason in result.stderr


def test_pipeline_that_needs_a_missing_library(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packages" / "zh_needs_more"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import no_such_library\n")
    info = package.parent / "zh_needs_more-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zh_needs_more\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(package.parent)
    result = invoke("annotate", news, "-m", "zh_needs_more")
    assert result.exit_code == 2
    assert "No module named 'no_such_library'" in result.stderr


# --- annotate: encodings of the terminal ----------------------------------------------------------


def run_process(
    *arguments: str | Path, data: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from zhinvest.cli import app; app()", *map(str, arguments)]
    return subprocess.run(
        command, input=data, env=os.environ | environment, capture_output=True, check=False
    )


def run_on_terminal(*arguments: str | Path) -> tuple[int, str]:
    """Run the command with a terminal as input, output and error; exit code and what it shows."""
    command = [sys.executable, "-c", "from zhinvest.cli import app; app()", *map(str, arguments)]
    screen, terminal = pty.openpty()
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: read_screen(screen), b""))
    os.close(screen)
    return process.returncode, shown.decode("utf-8")


def read_screen(screen: int) -> bytes:
    try:
        return os.read(screen, 65_536)
    except OSError:  # nobody writes any more
        return b""


def test_no_input_on_a_terminal() -> None:
    code, shown = run_on_terminal("annotate", "-m", "no_such_pipeline")
    assert code == 2
    assert "Usage:" in shown
    assert "no input: name files or folders" in shown
    assert "no_such_pipeline" not in shown


def test_rows_and_progress_do_not_mix_on_a_terminal(
    pipeline_folder: Path, tmp_path: Path, gold: list[Document]
) -> None:
    count = 80  # more than go through the pipeline at once
    for number in range(count):
        (tmp_path / f"{number}.txt").write_text(gold[1].text, encoding="utf-8", newline="")
    code, shown = run_on_terminal("annotate", "-m", pipeline_folder, tmp_path, "-f", "jsonl")
    assert code == 0
    start = shown.index('{"id"')
    assert "reading" in shown[:start]
    assert [set(json.loads(line)) for line in shown[start:].splitlines()] == [
        {"id", "text", "ents"}
    ] * count


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_jsonl_is_utf8_whatever_the_terminal_says(
    pipeline_folder: Path, gold: list[Document], encoding: str
) -> None:
    text = gold[1].text + "😀"
    result = run_process(
        *("annotate", "-m", pipeline_folder, "-f", "jsonl"),
        data=text.encode("gb18030"),
        PYTHONIOENCODING=encoding,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    row = json.loads(result.stdout.decode("utf-8"))
    assert row["text"] == text
    assert_knows(row, gold[1])


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, rb"\u51cc\u5ddd\u6c7d\u8f66"),
        ({"PYTHONIOENCODING": "gbk"}, "凌川汽车".encode("gbk")),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, b"ORG"),
    ],
)
def test_table_on_a_terminal_that_lacks_characters(
    pipeline_folder: Path, news: Path, environment: dict[str, str], shown: bytes
) -> None:
    result = run_process("annotate", "-m", pipeline_folder, news, **WIDE, **environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert shown in result.stdout


def test_problem_on_a_terminal_that_lacks_characters(pipeline_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "上海.txt"
    result = run_process("annotate", "-m", pipeline_folder, path, PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert result.stderr.endswith(b".txt: No such file or directory\n")
    assert result.stderr.count(b"\n") == 1


def test_name_that_is_no_text(pipeline_folder: Path, tmp_path: Path, gold: list[Document]) -> None:
    path = tmp_path / os.fsdecode(b"\xff.txt")
    path.write_text(gold[1].text, encoding="utf-8")
    missing = tmp_path / os.fsdecode(b"\xfe.txt")
    result = run_process("annotate", "-m", pipeline_folder, path, missing, "-f", "jsonl")
    assert result.returncode == 1
    assert result.stderr.endswith(b"fe.txt: No such file or directory\n")
    row = json.loads(result.stdout)
    assert row["id"] == str(path)
    assert_knows(row, gold[1])


# --- figures --------------------------------------------------------------------------------------


def test_figures(pipeline_folder: Path, gold: list[Document]) -> None:
    result = invoke("figures", "-m", pipeline_folder, gold[1].text, env=WIDE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3860000000" in result.stdout
    assert "ORG" not in result.stdout


# --- evaluate -------------------------------------------------------------------------------------


def test_evaluate_table(pipeline_folder: Path) -> None:
    result = invoke("evaluate", pipeline_folder, TINY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{pipeline_folder} on {TINY}" in " ".join(result.stdout.split())
    for heading in ("label", "P", "R", "F1", "95 % interval", "support", *LABELS, MICRO, MACRO):
        assert heading in result.stdout


def test_evaluate_json(pipeline_folder: Path, tmp_path: Path, gold: list[Document]) -> None:
    output = tmp_path / "scores.json"
    result = invoke("evaluate", pipeline_folder, TINY, "--json", "-o", output)
    assert (result.exit_code, result.stderr) == (0, "")
    scores = json.loads(result.stdout)
    assert json.loads(output.read_text()) == scores
    assert list(scores) == [*LABELS, MICRO, MACRO]
    for score in scores.values():
        assert list(score) == ["p", "r", "f", "support", "low", "high"]
        assert 0 < score["low"] <= score["f"] <= score["high"] <= 1
    assert scores[MICRO]["f"] > 0.9
    assert scores[MICRO]["support"] == sum(len(document.ents) for document in gold)


def test_evaluate_faulty_gold(tmp_path: Path, gold: list[Document]) -> None:
    path = tmp_path / "gold.jsonl"
    row = document_row(gold[0]) | {"ents": [[0, 99_999, "ORG"], [0, 2, "org"]]}
    path.write_text(f"{json.dumps(row)}\n{{", encoding="utf-8")
    result = invoke("evaluate", "no_such_pipeline", path)
    assert (result.exit_code, result.stdout) == (1, "")
    first, second, third = result.stderr.splitlines()
    assert first.startswith(f"{path}:1: entity [0, 99999, 'ORG']: offsets outside the text")
    assert second.startswith(f"{path}:1: entity [0, 2, 'org']: unknown label")
    assert third.startswith(f"{path}:2: not JSON")


def test_evaluate_predictions_as_gold(annotate: Run, news: Path, tmp_path: Path) -> None:
    path = tmp_path / "predicted.jsonl"
    assert annotate(news, "-f", "jsonl", "-o", path).exit_code == 0
    (row,) = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    result = invoke("evaluate", "no_such_pipeline", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[0] == (
        f"{path}:1: entity {row['ents'][0]}: must be [start, end, label]"
    )


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("missing.jsonl", None, "No such file or directory"),
        ("empty.jsonl", b"\n", "holds no article"),
        ("rubbish.jsonl", b"\xff\xff", "neither UTF-8"),
    ],
)
def test_evaluate_without_gold(tmp_path: Path, name: str, data: bytes | None, reason: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    result = invoke("evaluate", "no_such_pipeline", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{path}: ")
    assert reason in result.stderr


def test_evaluate_output_that_cannot_be_written(pipeline_folder: Path, tmp_path: Path) -> None:
    result = invoke("evaluate", pipeline_folder, TINY, "-o", tmp_path)
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path}: Is a directory\n")


@pytest.mark.parametrize("name", ["gold.jsonl", "train.jsonl", "curve.json", "link.jsonl"])
def test_evaluate_output_that_is_an_input(tmp_path: Path, name: str) -> None:
    gold, training, curve = (tmp_path / n for n in ("gold.jsonl", "train.jsonl", "curve.json"))
    (tmp_path / "link.jsonl").symlink_to(gold)
    report = ["--report", tmp_path / "report", "--training", training, "--curve", curve]
    result = invoke("evaluate", "no_such_pipeline", gold, *report, "-o", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{tmp_path / name}: the output must not be an input as well")


# --- evaluate: reports ----------------------------------------------------------------------------

REPORT = ["metrics.json", "report.html", "report.md"]


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """A learning curve as `training.curve` writes it."""
    runs = {"authored-50": {"articles": 3, "characters": 2000, "micro": 0.5}}
    path = tmp_path / "curve.json"
    path.write_text(json.dumps({"steps": 10, "runs": runs}), encoding="utf-8")
    return path


def test_evaluate_report(pipeline_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    result = invoke("evaluate", pipeline_folder, TINY, "--json", "--report", folder)
    assert (result.exit_code, result.stderr) == (0, f"wrote {folder}\n")
    assert sorted(path.name for path in folder.iterdir()) == REPORT
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["model"], metrics["gold"]) == (str(pipeline_folder), str(TINY))
    assert metrics["strict"] == json.loads(result.stdout)
    assert (metrics["seen"], metrics["comparison"]) == (None, None)


def test_evaluate_report_of_everything(
    pipeline_folder: Path, tmp_path: Path, gold: list[Document], curve: Path
) -> None:
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    write_documents(files[0], gold[:1])
    write_documents(files[1], gold[1:])
    folder = tmp_path / "report"
    training = ["--training", files[0], "--training", files[1]]
    others = ["--against", pipeline_folder, "--curve", curve]
    result = invoke("evaluate", pipeline_folder, TINY, "--report", folder, *training, *others)
    assert (result.exit_code, result.stderr) == (0, f"wrote {folder}\n")
    assert MACRO in result.stdout
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["seen"]["seen"][MICRO]["support"] == metrics["strict"][MICRO]["support"]
    assert metrics["comparison"][MICRO] == {"difference": 0, "low": 0, "high": 0, "p": 1}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"Compared with {pipeline_folder}" in page
    assert "F1 by size of the training set" in page


@pytest.mark.parametrize("option", ["--training", "--against", "--curve"])
def test_evaluate_what_adds_to_a_report_without_one(option: str) -> None:
    result = invoke("evaluate", "no_such_pipeline", TINY, option, "x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("give --report\n")


@pytest.mark.parametrize(
    ("option", "data", "reason"),
    [
        ("--training", None, "No such file"),
        ("--training", b"{", ":1: not JSON"),
        ("--training", b"\n", "holds no article"),
        ("--curve", None, "No such file"),
        ("--curve", b"\xff\xff", "not the JSON of training.curve"),
        ("--curve", b"{", "not the JSON of training.curve"),
        ("--curve", b"[" * 100_000, "not the JSON of training.curve"),
        ("--curve", b"[]", "not the JSON of training.curve"),
        ("--curve", b"{}", "not the JSON of training.curve"),
        ("--curve", b'{"runs": []}', "not the JSON of training.curve"),
        ("--curve", b'{"runs": {"web": {"micro": 0.5}}}', "not the JSON of training.curve"),
    ],
)
def test_evaluate_faulty_file_for_a_report(
    tmp_path: Path, option: str, data: bytes | None, reason: str
) -> None:
    # It is told before a pipeline is loaded, let alone run.
    path = tmp_path / "file"
    if data is not None:
        path.write_bytes(data)
    result = invoke(
        "evaluate", "no_such_pipeline", TINY, "--report", tmp_path / "report", option, path
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{path}:")
    assert reason in result.stderr
    assert not (tmp_path / "report").exists()


def test_evaluate_against_a_pipeline_that_is_none(pipeline_folder: Path, tmp_path: Path) -> None:
    report = ["--report", tmp_path / "report"]
    result = invoke("evaluate", pipeline_folder, TINY, *report, "--against", "no_such_pipeline")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cannot load the pipeline 'no_such_pipeline': ")


def test_evaluate_report_that_cannot_be_written(pipeline_folder: Path, news: Path) -> None:
    result = invoke("evaluate", pipeline_folder, TINY, "--report", news)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{news}: ")
    assert "exists" in result.stderr or "Not a directory" in result.stderr


def test_evaluate_report_without_the_extra(tmp_path: Path) -> None:
    code = "import sys; sys.modules['matplotlib'] = None; from zhinvest.cli import app; app()"
    command = [sys.executable, "-c", code, "evaluate", "no_such_pipeline", TINY]
    result = subprocess.run(
        [*command, "--report", tmp_path / "report"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("a report needs zhinvest[report]: ")
    assert "matplotlib" in result.stderr


def test_evaluate_report_on_a_file_whose_name_is_no_text(
    pipeline_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"\xff.jsonl")
    path.write_bytes(TINY.read_bytes())
    result = run_process("evaluate", pipeline_folder, path, "--report", tmp_path / "report")
    assert result.returncode == 0, result.stderr
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["gold"] == str(tmp_path / "\ufffd.jsonl")


# --- help -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["annotate", "evaluate", "--version"]),
        (["annotate", "--help"], ["--model", "--format", "--output", "GB18030"]),
        (["annotate", "--help"], ["a row for each article", "(one page)", "is a terminal"]),
        (["annotate", "--help"], ['a string "text"', 'an "id"', ".ndjson"]),
        (
            ["evaluate", "--help"],
            [
                *("model", "gold", "--json", "--output", "--report", "--training", "--against"),
                *("--curve", "extra `report`"),
            ],
        ),
    ],
)
def test_help(arguments: list[str], words: list[str]) -> None:
    result = invoke(*arguments, env={"COLUMNS": "120", "NO_COLOR": "1"})
    assert result.exit_code == 0
    assert not [word for word in words if word.lower() not in result.stdout.lower()]


def test_no_command_shows_the_help() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "annotate" in result.output


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"{zhinvest.__version__}\n")
