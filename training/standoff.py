"""Stand-off storage of annotated news whose text may not be published.

A row of `corpus/web/*.jsonl` holds the address of the source, the SHA-256 of its whole text, the
slice that is annotated with a SHA-256 of its own, and the spans; no text. `restore` puts the text
back from a folder of texts or from checkouts of the public sources.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from training.commands import run
from training.sources import SourceError, candidate_addresses, source_text
from zhinvest.documents import (
    CorpusError,
    Document,
    decode_file,
    read_documents,
    read_rows,
    text_hash,
    write_documents,
    write_rows,
)
from zhinvest.scorer import Span

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class StandOff:
    """Annotation without text.

    `start` and `end` are character offsets into the source's text, `sha256` is the hash of that
    slice, and the spans of `ents` are offsets into the slice.
    """

    id: str
    src: str
    source_sha256: str
    start: int
    end: int
    sha256: str
    date: str
    kind: str
    ents: list[Span]


Finder = Callable[[StandOff], str | None]
"""Gives the text of the slice, or None where it is not at hand."""


def read_standoff(path: Path) -> list[StandOff]:
    """Read a stand-off file; raises CorpusError with file and line of a row that does not fit."""
    rows: list[StandOff] = []
    for number, row in read_rows(path):
        try:
            rows.append(StandOff(**row))
            if not (isinstance(rows[-1].start, int) and isinstance(rows[-1].end, int)):
                raise TypeError(f"start {rows[-1].start!r} and end {rows[-1].end!r} are no numbers")
        except TypeError as error:
            raise CorpusError([f"{path}:{number}: {error}"]) from error
    return rows


@app.command()
def write(
    annotated: Annotated[Path, typer.Argument(help="JSONL with text, source and spans.")],
    output: Annotated[Path, typer.Option(help="The stand-off file to write.")],
) -> None:
    """Write the stand-off file of annotated news, leaving the text behind."""
    read_documents(annotated)
    rows = [_standoff(f"{annotated}:{number}", row) for number, row in read_rows(annotated)]
    write_rows(output, map(asdict, rows))


@app.command()
def restore(
    standoff: Annotated[Path, typer.Argument(help="A file of corpus/web.")],
    output: Annotated[Path, typer.Option(help="The JSONL file with text to write.")],
    texts: Annotated[
        Path | None, typer.Option(help="Folder of texts: .txt files, or .jsonl with 'text'.")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(help="Folder with a checkout for each source: cls, eb, fin ...")
    ] = None,
) -> None:
    """Put the text back; every text found is checked against its hash."""
    there = _there([folder for folder in (texts, sources) if folder])
    finders: list[Finder] = []
    if texts in there:
        finders.append(texts_finder(texts))
    if sources in there:
        finders.append(sources_finder(sources))
    rows = read_standoff(standoff)
    found = [(row, _first(finders, row)) for row in rows]
    if missing := [row for row, text in found if text is None]:
        shown = ", ".join(f"{row.id} ({row.src})" for row in missing[:10])
        where = " and ".join(map(str, there))
        count = f"{len(missing)} of {len(rows)} texts"
        typer.echo(f"{count} not found in {where}: {shown} ...", err=True)
        raise typer.Exit(1)
    write_documents(output, [_document(row, text) for row, text in found if text is not None])
    typer.echo(f"{output}: {len(rows)} documents")


def _there(given: list[Path]) -> list[Path]:
    """Return the folders that are there, one or more, and say which are not."""
    if not given:
        raise typer.BadParameter("give --texts, --sources or both")
    absent = [folder for folder in given if not folder.is_dir()]
    note = f"no such folder: {', '.join(map(str, absent))}"
    if absent == given:
        raise typer.BadParameter(note)
    if absent:
        typer.echo(note, err=True)
    return [folder for folder in given if folder not in absent]


def texts_finder(folder: Path) -> Finder:
    """Find texts by hash among the .txt files and the 'text' of .jsonl rows under `folder`."""
    by_hash = {text_hash(text): text for text in _texts(folder)}

    def find(row: StandOff) -> str | None:
        if whole := by_hash.get(row.source_sha256):
            return whole[row.start : row.end]
        return by_hash.get(row.sha256)

    return find


def sources_finder(root: Path) -> Finder:
    """Find texts in checkouts of the public sources under `root`."""

    def find(row: StandOff) -> str | None:
        for address in candidate_addresses(row.src):
            try:
                whole = source_text(root, address)
            except SourceError:
                continue
            if text_hash(whole) == row.source_sha256:
                return whole[row.start : row.end]
        return None

    return find


def _texts(folder: Path) -> Iterable[str]:
    for path in sorted(folder.rglob("*.txt")):
        yield decode_file(path, path.read_bytes())
    for path in sorted(folder.rglob("*.jsonl")):
        for _, row in read_rows(path):
            if isinstance(row, dict) and isinstance(row.get("text"), str):
                yield row["text"]


def _first(finders: Iterable[Finder], row: StandOff) -> str | None:
    texts = (find(row) for find in finders)
    return next(
        (text for text in texts if text is not None and text_hash(text) == row.sha256), None
    )


def _standoff(where: str, row: dict[str, Any]) -> StandOff:
    """Return `row`, whose 'sha256' is that of the whole source, without its text."""
    try:
        same = {key: row[key] for key in ("id", "src", "start", "end", "date", "kind", "ents")}
        text, source_sha256 = row["text"], row["sha256"]
    except KeyError as error:
        raise CorpusError([f"{where}: not a row of annotated news: no {error}"]) from error
    if len(text) != row["end"] - row["start"]:
        slice_ = f"[{row['start']}, {row['end']})"
        raise CorpusError([f"{where}: a text of {len(text)} characters for the slice {slice_}"])
    return StandOff(**same, source_sha256=source_sha256, sha256=text_hash(text))


def _document(row: StandOff, text: str) -> Document:
    meta = {"src": row.src, "date": row.date, "kind": row.kind}
    return Document(row.id, text, [(start, end, label) for start, end, label in row.ents], meta)


if __name__ == "__main__":
    run(app)
