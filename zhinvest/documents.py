"""Annotated articles as JSONL with character offsets: the one truth of every corpus.

A row is `{"id", "text", "ents": [[start, end, label], ...], "sha256", "meta": {...}}`, offsets
half-open into `text`; `sha256` (of the text in UTF-8) and `meta` may be absent. A row that also
has `start` and `end` holds that slice of a longer text, of which `sha256` is the hash.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from zhinvest.files import FileError, decode, write_text
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

_SHOWN_PROBLEMS = 20


class CorpusError(ValueError):
    """An annotated file that breaks its format; the message names file, line and reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        more = len(problems) - _SHOWN_PROBLEMS
        tail = [f"... and {more} more"] if more > 0 else []
        super().__init__("\n".join([*self.problems[:_SHOWN_PROBLEMS], *tail]))


@dataclass(frozen=True)
class Document:
    """One article: its text as supplied, and its entities as spans of characters."""

    id: str
    text: str
    ents: list[Span] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


def text_hash(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_documents(path: Path) -> list[Document]:
    """Read and check a JSONL file.

    Raises:
        CorpusError: with every fault found: file, line and reason.
    """
    documents: list[Document] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, line in _lines(path):
        where = f"{path}:{number}"
        try:
            document = _document(where, line)
        except CorpusError as error:
            problems += error.problems
            continue
        if (first := seen.setdefault(document.id, number)) < number:
            problems.append(f"{where}: duplicate id {document.id!r}, first on line {first}")
        documents.append(document)
    if problems:
        raise CorpusError(problems)
    return documents


def read_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield line number (from 1) and parsed value of every line that is not blank.

    Raises:
        CorpusError: the file cannot be read or decoded, or a line is not JSON.
    """
    for number, line in _lines(path):
        yield number, _row(f"{path}:{number}", line)


def decode_file(path: Path, data: bytes) -> str:
    """Decode `data`, which the file `path` holds.

    Raises:
        CorpusError: it is in no encoding of `zhinvest.files.decode`; the message names the file.
    """
    try:
        return decode(data)
    except FileError as error:
        raise CorpusError([f"{path}: {error}"]) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError([f"{path}: {error}"]) from error
    lines = decode_file(path, data).split("\n")
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _row(where: str, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CorpusError([f"{where}: not JSON: {error}"]) from error


def _document(where: str, line: str) -> Document:
    return check_row(where, _row(where, line))


def check_row(where: str, row: Any) -> Document:
    """Return the article that the parsed `row` holds; `where` names its file and line.

    Raises:
        CorpusError: with every fault of the row.
    """
    faults = list(_row_faults(row)) or list(_span_faults(row["text"], row["ents"]))
    if faults:
        raise CorpusError([f"{where}: {fault}" for fault in faults])
    ents: list[Span] = sorted((start, end, label) for start, end, label in row["ents"])
    return Document(row["id"], row["text"], ents, row.get("meta", {}))


def _row_faults(row: Any) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"a row must be an object, found {type(row).__name__}"
        return
    for key, kind in (("id", str), ("text", str), ("ents", list)):
        if not isinstance(row.get(key), kind):
            yield f"{key!r} must be {kind.__name__}, found {row.get(key)!r:.60}"
    if not isinstance(row.get("meta", {}), dict):
        yield f"'meta' must be dict, found {row['meta']!r:.60}"
    if isinstance(text := row.get("text"), str):
        yield from _text_faults(text, None if "start" in row else row.get("sha256"))


def _text_faults(text: str, expected: Any) -> Iterator[str]:
    try:
        found = text_hash(text)
    except UnicodeEncodeError as error:
        yield f"text holds a lone surrogate at character {error.start}"
        return
    if expected is not None and found != expected:
        yield f"text differs from its hash: sha256 is {found}, the row says {expected}"


def _span_faults(text: str, ents: list[Any]) -> Iterator[str]:
    good: list[Span] = []
    for ent in ents:
        fault = _span_fault(text, ent)
        if fault:
            yield f"entity {ent!r}: {fault}"
        else:
            good.append(tuple(ent))
    for first, second in pairwise(sorted(good)):
        if second[0] < first[1]:
            yield f"entities {list(first)} and {list(second)} overlap"


def _span_fault(text: str, ent: Any) -> str | None:
    match ent:
        case [int(start), int(end), str(label)] if bool not in (type(start), type(end)):
            pass
        case _:
            return "must be [start, end, label]"
    if label not in LABELS:
        return f"unknown label {label!r}, known are {', '.join(LABELS)}"
    if not 0 <= start <= end <= len(text):
        return f"offsets outside the text of {len(text)} characters"
    surface = text[start:end]
    if not surface:
        return "empty"
    return f"blank at an edge of {surface!r}" if surface != surface.strip() else None


def document_row(document: Document) -> dict[str, Any]:
    """Return `document` as the row that `read_documents` reads."""
    row: dict[str, Any] = {"id": document.id, "sha256": text_hash(document.text)}
    row |= {"text": document.text, "ents": [list(ent) for ent in document.ents]}
    return row | ({"meta": document.meta} if document.meta else {})


def write_rows(path: Path, rows: Iterable[Any]) -> None:
    """Write `rows` as JSONL, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """Write `documents` as JSONL, whole or not at all."""
    write_rows(path, map(document_row, documents))
