"""In-line mark-up, as articles are written, to JSONL: `python -m training.markup --help`.

A draft is a text file: a JSON object (kind, region, industry, script), an empty line, and the
text, in which an entity is written `[surface]LABEL`. Other square brackets are text.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from training.commands import run
from zhinvest.documents import CorpusError, Document, write_documents
from zhinvest.files import FileError, decode
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

META_KEYS: Final = ("kind", "region", "industry", "script")
_MARK: Final = re.compile(rf"\[([^\[\]]+)\]({'|'.join(LABELS)})")


def main(
    drafts: Annotated[Path, typer.Argument(help="Folder of drafts: KIND/NUMBER.txt.")],
    output: Annotated[Path, typer.Option(help="The JSONL file to write.")],
) -> None:
    """Turn a folder of drafts into one file of annotated articles."""
    documents: list[Document] = []
    problems: list[str] = []
    for path in sorted(drafts.rglob("*.txt")):
        try:
            documents.append(read_draft(path))
        except (FileError, ValueError) as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise CorpusError(problems)
    write_documents(output, documents)
    typer.echo(f"{output}: {len(documents)} articles")


def read_draft(path: Path) -> Document:
    """Read one draft; the id is `KIND-NUMBER`, from its folder and name.

    Raises:
        ValueError: the first paragraph is not a JSON object with the keys of META_KEYS.
    """
    head, _, body = decode(path.read_bytes()).partition("\n\n")
    meta = json.loads(head)
    missing = [key for key in META_KEYS if not isinstance(meta, dict) or key not in meta]
    if missing:
        raise ValueError(f"the first line must be an object with {', '.join(missing)}")
    text, ents = parse(body.strip("\n"))
    kept: dict[str, Any] = {key: meta[key] for key in META_KEYS}
    return Document(f"{path.parent.name}-{path.stem}", text, ents, kept)


def parse(marked: str) -> tuple[str, list[Span]]:
    """Return the text without marks, and the marked spans as offsets into it."""
    text, ents, last = "", list[Span](), 0
    for match in _MARK.finditer(marked):
        text += marked[last : match.start()]
        ents.append((len(text), len(text) + len(match[1]), match[2]))
        text += match[1]
        last = match.end()
    return text + marked[last:], ents


def unparse(document: Document) -> str:
    """Return the text of `document` with its spans marked: the reverse of `parse`.

    Raises:
        ValueError: square brackets of the text would be read as marks, or within one.
    """
    marked, last = "", 0
    for start, end, label in document.ents:
        marked += document.text[last:start] + f"[{document.text[start:end]}]{label}"
        last = end
    marked += document.text[last:]
    if parse(marked) != (document.text, document.ents):
        raise ValueError(f"document {document.id!r}: its square brackets cannot be told from marks")
    return marked


if __name__ == "__main__":
    run(main)
