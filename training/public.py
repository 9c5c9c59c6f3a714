"""Readers for the public sets: UNER (IOB2 over words), MSRA (BIO over characters), CLUENER (JSON).

Each yields documents under our labels (ORG and PLACE; touching PLACEs joined, as our guidelines
join chains of addresses). The sets say nothing about MONEY and CAPACITY: see `training.convert`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from zhinvest.documents import CorpusError, Document, decode_file, read_rows
from zhinvest.scorer import Span

LABEL_MAP: Final = {
    "LOC": "PLACE",
    "GPE": "PLACE",
    "address": "PLACE",
    "scene": "PLACE",
    "ORG": "ORG",
    "company": "ORG",
    "organization": "ORG",
    "government": "ORG",
}
_UNER_WORD, _UNER_TAG, _UNER_COLUMNS = 1, 2, 3
_MSRA_COLUMNS = 2


def read_uner(path: Path) -> Iterator[Document]:
    """Yield the sentences of a Universal NER file; words are joined as Chinese is written."""
    for number, words, tags in _tagged_sentences(path, _UNER_WORD, _UNER_TAG, _UNER_COLUMNS):
        yield _document(f"{path.stem}-{number}", words, tags)


def read_uner_words(path: Path) -> Iterator[list[str]]:
    """Yield the words of each sentence of a Universal NER file: the segmenter's training data."""
    for _, words, _ in _tagged_sentences(path, _UNER_WORD, _UNER_TAG, _UNER_COLUMNS):
        yield words


def read_msra(path: Path) -> Iterator[Document]:
    """Yield the sentences of an MSRA file: one character and its tag a line."""
    for number, characters, tags in _tagged_sentences(path, 0, 1, _MSRA_COLUMNS):
        yield _document(f"msra-{number}", characters, tags)


def read_cluener(path: Path) -> Iterator[Document]:
    """Yield the sentences of a CLUENER file, whose offsets include the last character."""
    for number, row in read_rows(path):
        match row:
            case {"text": str(text), "label": dict(labels)}:
                pass
            case _:
                raise CorpusError([f"{path}:{number}: needs 'text' (string) and 'label' (object)"])
        spans: list[Span] = [
            (start, last + 1, LABEL_MAP[label])
            for label, surfaces in labels.items()
            if label in LABEL_MAP
            for ranges in surfaces.values()
            for start, last in ranges
        ]
        yield Document(f"{path.stem}-{number}", text, _join_places(_longest(spans)))


READERS: Final[dict[str, Callable[[Path], Iterator[Document]]]] = {
    "uner": read_uner,
    "msra": read_msra,
    "cluener": read_cluener,
}


def _tagged_sentences(
    path: Path, token_column: int, tag_column: int, columns: int
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the first line's number, the tokens and the tags of each block of lines."""
    tokens: list[str] = []
    tags: list[str] = []
    first = 1
    for number, line in enumerate([*_lines(path), ""], start=1):
        if not line.strip():
            if tokens:
                yield first, tokens, tags
            tokens, tags, first = [], [], number + 1
        elif not line.startswith("# "):
            fields = line.split("\t")
            if len(fields) < columns:
                raise CorpusError(
                    [f"{path}:{number}: {len(fields)} of {columns} columns: {line!r}"]
                )
            tokens.append(fields[token_column])
            tags.append(fields[tag_column])


def _lines(path: Path) -> list[str]:
    return decode_file(path, _unpacked(path)).replace("\r\n", "\n").split("\n")


def _unpacked(path: Path) -> bytes:
    """Return the bytes of a file, or of the first member of a .zip."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with ZipFile(path) as archive:
        return archive.read(archive.namelist()[0])


def _document(name: str, tokens: Sequence[str], tags: Sequence[str]) -> Document:
    spans: list[Span] = []
    offset = 0
    open_label: str | None = None
    for token, tag in zip(tokens, tags, strict=True):
        position, _, label = tag.partition("-")
        end = offset + len(token)
        if position == "I" and label == open_label and spans:
            spans[-1] = (spans[-1][0], end, spans[-1][2])
        elif position in {"B", "I"}:
            spans.append((offset, end, label))
        open_label = label if position in {"B", "I"} else None
        offset = end
    mapped = [(start, end, LABEL_MAP[tag]) for start, end, tag in spans if tag in LABEL_MAP]
    return Document(name, "".join(tokens), _join_places(mapped))


def _longest(spans: Iterable[Span]) -> list[Span]:
    """Keep the longer of two spans that overlap."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s)):
        if all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
            kept.append(span)
    return sorted(kept)


def _join_places(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end, label in spans:
        if joined and joined[-1][1] == start and joined[-1][2] == label == "PLACE":
            joined[-1] = (joined[-1][0], end, label)
        else:
            joined.append((start, end, label))
    return joined
