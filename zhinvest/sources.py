"""The inputs of `zhinvest annotate`: text, JSONL and HTML files, folders, standard input."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zhinvest.files import FileError, decode, html_text

STDIN: Final = "-"
_HTML: Final = {".html", ".htm", ".xhtml"}
_JSONL: Final = {".jsonl", ".ndjson"}
SUFFIXES: Final = {".txt", ".md", *_HTML, *_JSONL}
"""What is read from a folder; a file named by itself is read whatever its name."""


@dataclass(frozen=True)
class Article:
    """A text to annotate, with a name that says where it came from, and the row that held it."""

    id: str
    text: str
    row: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Problem:
    """An input that cannot be read, and why."""

    where: str
    reason: str


def find_files(inputs: Sequence[str]) -> Iterator[str | Problem]:
    """Yield the files that `inputs` (files, folders, `-`) name.

    Folders are read with the folders in them, but links to other folders are not followed.
    """
    for name in inputs:
        if name != STDIN and _is_folder(name):
            yield from _folder(name)
        else:
            yield name


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name too long, a parent without rights: reading it will say so
        return False


def _folder(name: str) -> list[str | Problem]:
    errors: list[OSError] = []
    walk = os.walk(name, onerror=errors.append)
    paths = [Path(folder, file) for folder, _, files in walk for file in files]
    found = sorted(str(path) for path in paths if path.suffix.lower() in SUFFIXES)
    problems = [Problem(str(error.filename), error.strerror or str(error)) for error in errors]
    if not found and not problems:
        problems = [Problem(name, f"no file with one of {' '.join(sorted(SUFFIXES))}")]
    return [*found, *problems]


def read_articles(name: str) -> Iterator[Article | Problem]:
    """Yield the articles of one file, or of standard input for `-`, and what is wrong with it.

    What a file holds is told by its suffix; standard input is JSONL where its first line is a row.
    """
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
    if suffix in _HTML:
        text = html_text(text)
    if not text.strip():
        yield Problem(name, "holds no text")
    elif suffix in _JSONL or (name == STDIN and _begins_with_row(text)):
        yield from _rows(name, text)
    else:
        yield Article(name, text)


def _begins_with_row(text: str) -> bool:
    line = text.lstrip().partition("\n")[0]
    return isinstance(_row(STDIN, line), Article)


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
    return Article(str(row.get("id", where)), row["text"], row)
