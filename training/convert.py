"""Annotated articles to spaCy's binary format: `python -m training.convert --help`.

The build fails if one entity is lost to tokenization. What a public set does not annotate
(amounts and capacities) becomes missing, not absent: training then learns nothing from it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.tokens import Span as DocSpan
from spacy.util import filter_spans
from tqdm import tqdm

from training.commands import run
from training.public import READERS
from zhinvest.documents import CorpusError, Document, read_documents
from zhinvest.files import write_bytes
from zhinvest.scorer import Span

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

CHARACTERS: Final = {"nlp": {"tokenizer": {"@tokenizers": "zhinvest.CharTokenizer.v1"}}}
WORDS: Final = {
    "nlp": {"tokenizer": {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "pkuseg"}}
}

_NUMERAL: Final = "0-9０-９〇零一二两兩三四五六七八九十百千万萬亿億几幾数數半"
_FIGURE: Final = re.compile(rf"[{_NUMERAL}][^，。；：、！？“”（）《》\s]{{0,12}}")


class LostEntitiesError(CorpusError):
    """Entities that begin or end inside a token; the message lists them."""


@app.command()
def gold(
    articles: Annotated[list[Path], typer.Argument(help="JSONL files of annotated articles.")],
    output: Annotated[Path, typer.Option(help="The .spacy file to write.")],
) -> None:
    """Convert articles in which all four labels are annotated."""
    documents = [document for path in articles for document in read_documents(path)]
    write_spacy(output, documents, partial=False)


@app.command()
def public(
    assets: Annotated[
        list[str], typer.Argument(help="READER:FILE, where READER is uner, msra or cluener.")
    ],
    output: Annotated[Path, typer.Option(help="The .spacy file to write.")],
    sentences: Annotated[
        int | None, typer.Option(help="Take a random sample of this many sentences of each file.")
    ] = None,
    group: Annotated[int, typer.Option(help="Sentences put together into one text.")] = 4,
) -> None:
    """Convert public sets, which say nothing about MONEY and CAPACITY."""
    documents = read_public(assets, sentences)
    write_spacy(output, grouped(documents, group), partial=True)


@app.command()
def lost(
    articles: Annotated[list[Path], typer.Argument(help="JSONL files of annotated articles.")],
    segmenter: Annotated[
        Path | None, typer.Option(help="pkuseg model: count for the words-first variant.")
    ] = None,
) -> None:
    """Count the entities that tokenization cuts, characters first or words first."""
    nlp = words_first(segmenter) if segmenter else spacy.blank("zh", config=CHARACTERS)
    for path in articles:
        documents = read_documents(path)
        cut = sum(len(lost_entities(nlp(document.text), document)) for document in documents)
        total = sum(len(document.ents) for document in documents)
        typer.echo(f"{path}: {cut} of {total} entities lost")


def read_public(assets: Iterable[str], sentences: int | None = None) -> list[Document]:
    """Return the sentences of public sets, each given as READER:FILE.

    With `sentences`, a random sample of that many of each file.

    Raises:
        typer.BadParameter: there is no such reader.
    """
    documents: list[Document] = []
    for asset in assets:
        reader, _, path = asset.partition(":")
        if reader not in READERS or not path:
            raise typer.BadParameter(f"{asset!r} is not READER:FILE with one of {list(READERS)}")
        documents += _sample(list(READERS[reader](Path(path))), sentences)
    return documents


def words_first(segmenter: Path) -> Language:
    """Return a blank pipeline whose tokenizer is pkuseg with our segmentation model."""
    nlp = spacy.blank("zh", config=WORDS)
    tokenizer: Any = nlp.tokenizer
    tokenizer.initialize(pkuseg_model=str(segmenter), pkuseg_user_dict="default")
    return nlp


def lost_entities(doc: Doc, document: Document) -> list[Span]:
    """Return the entities of `document` that do not begin and end with tokens of `doc`."""
    return [ent for ent in document.ents if doc.char_span(*ent) is None]


def to_doc(nlp: Language, document: Document, *, partial: bool = False) -> Doc:
    """Return `document` as a Doc with gold entities.

    With `partial` (public sets), every stretch that may be an amount or a capacity and is not
    annotated as something else is marked as missing, and an entity that their annotation cuts
    inside a word (`tenec尼美根` without `te`) is widened to the word.

    Raises:
        LostEntitiesError: an entity does not begin and end with a token.
    """
    doc = nlp.make_doc(document.text)
    if partial:
        document = _widened(doc, document)
    if cut := lost_entities(doc, document):
        shown = ", ".join(f"{list(ent)} {document.text[ent[0] : ent[1]]!r}" for ent in cut)
        raise LostEntitiesError([f"document {document.id!r}: lost to tokenization: {shown}"])
    ents = [_span(doc, *ent) for ent in document.ents]
    missing = _unknown(doc, ents) if partial else []
    doc.set_ents(ents, missing=missing, default="outside")
    return doc


def _widened(doc: Doc, document: Document) -> Document:
    """Return `document` with entities made of whole tokens; of two that meet in one, the longer."""
    spans = filter_spans(_span(doc, *ent) for ent in document.ents)
    ents = [(span.start_char, span.end_char, span.label_) for span in spans]
    return Document(document.id, document.text, ents, document.meta)


def _span(doc: Doc, start: int, end: int, label: str = "") -> DocSpan:
    """Return the tokens that `[start, end)` touches; there are some unless it is empty."""
    span = doc.char_span(start, end, label, alignment_mode="expand")
    if span is None:
        raise ValueError(f"[{start}, {end}) touches no token")
    return span


def _unknown(doc: Doc, ents: Sequence[DocSpan]) -> list[DocSpan]:
    """Return the tokens outside `ents` in stretches that begin with a numeral, up to a mark."""
    known = {i for ent in ents for i in range(ent.start, ent.end)}
    spans = (_span(doc, *match.span()) for match in _FIGURE.finditer(doc.text))
    unknown = {token.i for span in spans for token in span} - known
    return [doc[i : i + 1] for i in sorted(unknown)]


def _sample(documents: list[Document], size: int | None) -> list[Document]:
    if size is None or size >= len(documents):
        return documents
    return Random(0).sample(documents, size)


def grouped(documents: Sequence[Document], size: int) -> Iterator[Document]:
    """Yield documents that hold `size` neighbouring ones, a line each."""
    for first in range(0, len(documents), size):
        text, ents = "", []
        for document in documents[first : first + size]:
            ents += [(s + len(text), e + len(text), label) for s, e, label in document.ents]
            text += document.text + "\n"
        yield Document(documents[first].id, text, ents)


def write_spacy(output: Path, documents: Iterable[Document], *, partial: bool) -> None:
    """Write a .spacy file, whole or not at all; `partial` as in `to_doc`."""
    nlp = spacy.blank("zh", config=CHARACTERS)
    docs = [to_doc(nlp, document, partial=partial) for document in tqdm(list(documents))]
    write_bytes(output, DocBin(docs=docs).to_bytes())
    entities = sum(len(doc.ents) for doc in docs)
    typer.echo(f"{output}: {len(docs)} documents, {entities} entities, 0 lost to tokenization")


if __name__ == "__main__":
    run(app)
