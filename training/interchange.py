"""Articles to and from the files of other tools: `python -m training.interchange --help`.

Every format keeps text, spans, id and meta exactly, line breaks and blanks included; offsets are
characters (Unicode code points) everywhere, end exclusive.

doccano: JSONL of doccano 1.8 for sequence labelling, `{"text", "label": [[start, end, label]]}`.
    What else a row holds doccano keeps beside the text and gives back on export; so do `article`
    (the id; `id` is doccano's own number) and `meta`.
label-studio: JSON of Label Studio 1.x, a list of tasks with `data` and `annotations`, for a
    configuration with `<Labels name="label" toName="text">` and `<Text name="text"
    value="$text">`. Of each task one annotation must be left uncancelled. Versions before
    label-studio-frontend's pull request 308 count UTF-16 units: a region whose text is not the one
    at its offsets is refused.
conll: the four columns of the CoNLL-2003 shared task, one character for each line, with tags
    B-LABEL, I-LABEL and O. `-DOCSTART-` carries id and meta in the two columns that hold nothing
    else, as percent-encoded JSON; blanks and what cannot be printed are written `U+000A`. A
    sentence ends after a line break, unless an entity goes on.
docbin: DocBin of spaCy 3 (attributes ENT_IOB and ENT_TYPE, user data stored), one token for each
    character, so that no span can be lost; any tokenization is read. To train, use
    `training.convert`, whose tokens are those of the pipeline.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

import spacy
import typer
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from training.agreement import character_tags
from training.commands import run
from zhinvest.documents import (
    CorpusError,
    Document,
    check_row,
    decode_file,
    read_documents,
    read_rows,
    write_documents,
)
from zhinvest.files import write_bytes
from zhinvest.scorer import Span, doc_spans

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


class Format(StrEnum):
    """The formats that articles are written to and read from."""

    DOCCANO = "doccano"
    LABEL_STUDIO = "label-studio"
    CONLL = "conll"
    DOCBIN = "docbin"


@dataclass(frozen=True)
class Codec:
    """How one format is written and read; `read` yields where each row stands, and the row."""

    write: Callable[[Sequence[Document]], bytes]
    read: Callable[[Path], Iterable[tuple[str, Any]]]


@app.command("export")
def export_articles(
    format: Annotated[Format, typer.Argument(help="Format to write.")],
    articles: Annotated[Path, typer.Argument(help="JSONL of annotated articles.")],
    output: Annotated[Path, typer.Argument(help="File to write.")],
) -> None:
    """Write annotated articles for another tool."""
    documents = read_documents(articles)
    write_bytes(output, CODECS[format].write(documents))
    typer.echo(f"{output}: {len(documents)} articles")


@app.command("import")
def import_articles(
    format: Annotated[Format, typer.Argument(help="Format to read.")],
    source: Annotated[Path, typer.Argument(help="File of the other tool.")],
    output: Annotated[Path, typer.Argument(help="JSONL of annotated articles to write.")],
) -> None:
    """Read annotated articles from another tool, and check them."""
    documents = read_foreign(format, source)
    write_documents(output, documents)
    typer.echo(f"{output}: {len(documents)} articles")


def read_foreign(format: Format, path: Path) -> list[Document]:
    """Read the articles of a file in `format`.

    Raises:
        CorpusError: with every fault: the file, the row in it, and the reason.
    """
    documents: dict[str, Document] = {}
    problems: list[str] = []
    for where, row in CODECS[format].read(path):
        try:
            document = check_row(where, row)
        except CorpusError as error:
            problems += error.problems
            continue
        if document.id in documents:
            problems.append(f"{where}: duplicate id {document.id!r}")
        documents[document.id] = document
    if problems:
        raise CorpusError(problems)
    return list(documents.values())


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError([f"{path}: {error}"]) from error


def _text_of(path: Path) -> str:
    return decode_file(path, _bytes_of(path))


# --- doccano -------------------------------------------------------------------------------------


def write_doccano(documents: Sequence[Document]) -> bytes:
    """Return the JSONL that doccano imports."""
    rows = (
        {"text": d.text, "label": [list(ent) for ent in d.ents], "article": d.id, "meta": d.meta}
        for d in documents
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def read_doccano(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the rows of a JSONL file that doccano exported."""
    for number, row in read_rows(path):
        where = f"{path}:{number}"
        match row:
            case {"article": id, "text": text, "label": ents}:
                yield where, {"id": id, "text": text, "ents": ents, "meta": row.get("meta", {})}
            case _:
                raise CorpusError([f"{where}: not {{article, text, label}}: {row!r:.60}"])


# --- Label Studio --------------------------------------------------------------------------------


def write_label_studio(documents: Sequence[Document]) -> bytes:
    """Return the JSON that Label Studio imports."""
    tasks = [
        {
            "data": {"text": d.text, "article": d.id, "meta": d.meta},
            "annotations": [{"result": [_region(d.text, ent) for ent in d.ents]}],
        }
        for d in documents
    ]
    return (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode()


def _region(text: str, ent: Span) -> dict[str, Any]:
    start, end, label = ent
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    names = {"from_name": "label", "to_name": "text", "type": "labels"}
    return {"id": f"{start}-{end}", **names, "value": value}


def read_label_studio(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the tasks of a JSON file that Label Studio exported."""
    try:
        tasks = json.loads(_text_of(path))
    except (ValueError, RecursionError) as error:
        raise CorpusError([f"{path}: not JSON: {error}"]) from error
    if not isinstance(tasks, list):
        raise CorpusError([f"{path}: not a list of tasks: {tasks!r:.60}"])
    for number, task in enumerate(tasks, start=1):
        where = f"{path}: task {number}"
        match task:
            case {"data": {"article": id, "text": text, **data}, "annotations": [*found]}:
                ents = _regions(where, text, found)
                yield where, {"id": id, "text": text, "ents": ents, "meta": data.get("meta", {})}
            case _:
                raise CorpusError([f"{where}: not {{data: {{article, text}}, annotations}}"])


def _regions(where: str, text: str, annotations: list[Any]) -> list[Any]:
    """Return the spans of the one annotation that was not cancelled."""
    try:
        [result] = [found["result"] for found in annotations if not found.get("was_cancelled")]
        regions = [region["value"] for region in result if region["type"] == "labels"]
        for value in regions:
            _check_region(where, text, value)
        return [[v["start"], v["end"], label] for v in regions for label in v["labels"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        reason = f"not one annotation with regions of type labels ({error})"
        raise CorpusError([f"{where}: {reason}"]) from error


def _check_region(where: str, text: str, value: dict[str, Any]) -> None:
    """Raise CorpusError unless the region's own text, where it has one, is at its offsets."""
    surface = text[value["start"] : value["end"]]
    written = value.get("text", surface)
    if written != surface and "\n" not in surface:  # it may write a line break as two characters
        place = f"[{value['start']}, {value['end']})"
        raise CorpusError([f"{where}: region {place} is {surface!r}, its text {written!r:.60}"])


# --- CoNLL-2003 ----------------------------------------------------------------------------------

_START: Final = "-DOCSTART-"
_NOTHING: Final = "-X-"
_COLUMNS: Final = 4


def write_conll(documents: Sequence[Document]) -> bytes:
    """Return four columns, one line for each character."""
    return "".join(line + "\n" for d in documents for line in _conll_lines(d)).encode()


def _conll_lines(document: Document) -> Iterator[str]:
    yield f"{_START} {_packed(document.id)} {_packed(document.meta)} O"
    yield ""
    tags = character_tags(document)
    for character, tag, following in zip(document.text, tags, [*tags[1:], "O"], strict=False):
        yield f"{_shown(character)} {_NOTHING} {_NOTHING} {tag}"
        if character == "\n" and not following.startswith("I-"):
            yield ""
    yield ""


def _packed(value: Any) -> str:
    return quote(json.dumps(value, ensure_ascii=False), safe="")


def _shown(character: str) -> str:
    seen = character.isprintable() and not character.isspace()
    return character if seen else f"U+{ord(character):04X}"


def read_conll(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the articles of a file that `write_conll` wrote, its tags perhaps corrected."""
    where, row, tags = "", dict[str, Any](), list[str]()
    for number, line in enumerate(_text_of(path).split("\n"), start=1):
        if not line.strip():
            continue
        token, second, third, tag = _columns(f"{path}:{number}", line)
        if token == _START:
            if row:
                yield where, row | {"ents": _spans(where, tags)}
            where, tags = f"{path}:{number}", []
            row = {"id": _unpacked(where, second), "text": "", "meta": _unpacked(where, third)}
        elif not row:
            raise CorpusError([f"{path}:{number}: {line!r:.60} before the first {_START}"])
        else:
            row["text"] += _character(f"{path}:{number}", token)
            tags.append(tag)
    if row:
        yield where, row | {"ents": _spans(where, tags)}


def _columns(where: str, line: str) -> list[str]:
    columns = line.split(" ")
    if len(columns) != _COLUMNS:
        raise CorpusError([f"{where}: not {_COLUMNS} columns with one blank between: {line!r:.60}"])
    return columns


def _unpacked(where: str, packed: str) -> Any:
    try:
        return json.loads(unquote(packed, errors="strict"))
    except (ValueError, RecursionError) as error:
        raise CorpusError([f"{where}: not percent-encoded JSON: {packed!r:.60}"]) from error


def _character(where: str, token: str) -> str:
    if len(token) == 1:
        return token
    try:
        return chr(int(token.removeprefix("U+"), 16))
    except (ValueError, OverflowError) as error:
        raise CorpusError([f"{where}: neither a character nor U+XXXX: {token!r:.60}"]) from error


def _spans(where: str, tags: Sequence[str]) -> list[Span]:
    """Return the spans that `tags` mark; an I- must go on with the label before it."""
    ents: list[Span] = []
    for index, tag in enumerate(tags):
        kind, _, label = tag.partition("-")
        if kind == "B" and label:
            ents.append((index, index + 1, label))
        elif kind == "I" and ents and ents[-1][1:] == (index, label):
            ents[-1] = (ents[-1][0], index + 1, label)
        elif tag != "O":
            raise CorpusError([f"{where}: tag {tag!r} at character {index} begins nothing"])
    return ents


# --- DocBin --------------------------------------------------------------------------------------


def write_docbin(documents: Sequence[Document]) -> bytes:
    """Return a DocBin with one token for each character."""
    vocab = spacy.blank("zh").vocab
    docs = [_doc(vocab, document) for document in documents]
    return DocBin(attrs=["ENT_IOB", "ENT_TYPE"], docs=docs, store_user_data=True).to_bytes()


def _doc(vocab: Vocab, document: Document) -> Doc:
    tags = character_tags(document)
    spaces = [False] * len(document.text)
    doc = Doc(vocab, words=list(document.text), spaces=spaces, ents=tags)
    doc.user_data |= {"id": document.id, "meta": json.dumps(document.meta)}
    return doc


def read_docbin(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the articles of a DocBin that holds `id` and `meta` as user data."""
    data = _bytes_of(path)
    try:
        docs = list(DocBin().from_bytes(data).get_docs(Vocab()))
    except Exception as error:  # zlib, msgpack and numpy each raise their own
        raise CorpusError([f"{path}: not a DocBin: {error}"]) from error
    for number, doc in enumerate(docs, start=1):
        where = f"{path}: document {number}"
        try:
            meta = json.loads(doc.user_data.get("meta", "{}"))
        except (TypeError, ValueError) as error:
            raise CorpusError([f"{where}: user data 'meta' is not JSON: {error}"]) from error
        ents = [list(ent) for ent in doc_spans(doc)]
        yield where, {"id": doc.user_data.get("id"), "text": doc.text, "ents": ents, "meta": meta}


CODECS: Final = {
    Format.DOCCANO: Codec(write_doccano, read_doccano),
    Format.LABEL_STUDIO: Codec(write_label_studio, read_label_studio),
    Format.CONLL: Codec(write_conll, read_conll),
    Format.DOCBIN: Codec(write_docbin, read_docbin),
}

if __name__ == "__main__":
    run(app)
