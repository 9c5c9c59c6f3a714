"""The inputs of `zhinvest annotate`: text, JSONL and HTML files, folders, standard input."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zhinvest.files import FileError, decode, html_text

STDIN: Final = "-"
_HTML: Final = {".html", ".htm", ".xhtml"}
_JSONL: Final = {".jsonl", ".ndjson"}
SUFFIXES: Final = {".txt", ".md", *_HTML, *_JSONL}
"""What is read from a folder; a file named by itself is read whatever its name."""


@dataclass(frozen=True)
class Article:
    """A text to annotate, with a name that says where it came from."""

    id: str
    text: str


@dataclass(frozen=True)
class Problem:
    """An input that cannot be read, and why."""

    where: str
    reason: str


def find_files(inputs: Sequence[str]) -> Iterator[str | Problem]:
    """Yield the files that `inputs` (files, folders, `-`) name; folders are read recursively."""
    for name in inputs:
        path = Path(name)
        if name == STDIN or not path.is_dir():
            yield name
            continue
        try:
            files = sorted(str(p) for p in _walk(path) if p.suffix.lower() in SUFFIXES)
        except OSError as error:
            yield Problem(name, error.strerror or str(error))
            continue
        yield from files
        if not files:
            yield Problem(name, f"no file with one of {' '.join(sorted(SUFFIXES))}")


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def read_articles(name: str) -> Iterator[Article | Problem]:
    """Yield the articles of one file, or of standard input for `-`, and what is wrong with it."""
    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        text = decode(data)
    except OSError as error:
        yield Problem(name, error.strerror or str(error))
        return
    except FileError as error:
        yield Problem(name, str(error))
        return
    suffix = Path(name).suffix.lower()
    if suffix in _JSONL:
        yield from _rows(name, text)
    elif not text.strip():
        yield Problem(name, "holds no text")
    else:
        yield Article(name, html_text(text) if suffix in _HTML else text)


def _rows(name: str, lines: str) -> Iterator[Article | Problem]:
    for number, line in enumerate(lines.split("\n"), start=1):
        if line.strip():
            yield _row(f"{name}:{number}", line)


def _row(where: str, line: str) -> Article | Problem:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Problem(where, f"not JSON: {error}")
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return Problem(where, "a row must be an object with a string 'text'")
    return Article(str(row.get("id", where)), row["text"])
