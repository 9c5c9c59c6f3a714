"""Rejects what the guidelines rule out in annotated articles: `python -m training.lint --help`.

One line for each finding: file, id of the article, character offset into its text, reason. What
is right although it looks wrong is listed in `corpus/intended.jsonl`, a row for each place:
`{"id", "text", "reason"}`, where `text` is a passage of the article that covers the place.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from training.commands import run
from training.markup import META_KEYS
from training.sequences import known, sequences, shared
from training.wording import (
    CURRENCIES,
    EDGES,
    EXCEPTIONS,
    GENERIC,
    HEADS,
    LEADING_CURRENCIES,
    NOT_MONEY,
    SMALL_CHANGE,
    TAILS,
)
from zhinvest.documents import CorpusError, Document, decode_file, read_documents, read_rows
from zhinvest.scorer import Span

INTENDED: Final = Path("corpus/intended.jsonl")
MOST_SHARED: Final = 0.08
"""Two articles may share this much of the shorter one's sequences of eight characters."""
MOST_COPIED: Final = 0.03
"""An article may share this much of its sequences with texts that are not the project's."""

_NAMES: Final = ("ORG", "PLACE")
_SHORTEST_NAME: Final = 2
_DIGIT: Final = "[0-9０-９]"
_NUMERAL: Final = "[〇零一二两兩三四五六七八九十百千万萬亿億几幾数數半]"
_INFIXED: Final = f"(?:{_NUMERAL}|[多余餘])*"
_NUMBER: Final = f"(?:{_DIGIT}+(?:[.．,，]{_DIGIT}+)*{_INFIXED}|{_NUMERAL}{_INFIXED})"


def _one_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT: Final = re.compile(
    rf"(?:{_one_of(LEADING_CURRENCIES)})[ \u3000]?{_NUMBER}(?:[ \u3000]?(?:{_one_of(CURRENCIES)}))?"
    rf"|{_NUMBER}[ \u3000]?(?:{_one_of(CURRENCIES)}|{SMALL_CHANGE})"
)
_NOT_MONEY: Final = re.compile("|".join(NOT_MONEY))


@dataclass(frozen=True, order=True)
class Finding:
    """A place that is wrong: character offsets into the text of article `id`, and why."""

    id: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True)
class Intended:
    """A passage of article `id` in which whatever is found is as it should be."""

    id: str
    text: str
    reason: str

    def excuses(self, finding: Finding, text: str) -> bool:
        """Say whether the passage covers the place of `finding` in the article's `text`."""
        return self.id == finding.id and any(
            start <= finding.start and finding.end <= start + len(self.text)
            for start in occurrences(self.text, text)
        )


def main(
    articles: Annotated[Path, typer.Argument(help="JSONL of annotated articles.")],
    intended: Annotated[Path, typer.Option(help="JSONL of what is right as it is.")] = INTENDED,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of texts (.jsonl, .txt) that no article may copy; repeatable."),
    ] = None,
) -> None:
    """Print every finding, a line each; exit code 1 if there is one."""
    try:
        lines = report(articles, intended, against or [])
    except CorpusError as error:
        lines = error.problems
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    typer.echo(f"{articles}: no findings")


def report(articles: Path, intended: Path, against: Sequence[Path]) -> list[str]:
    """Return what is wrong with `articles`, and the rows of `intended` that excuse nothing.

    Raises:
        CorpusError: a file breaks its format or cannot be read.
    """
    documents, rows = read_documents(articles), read_intended(intended)
    others = [text for folder in against for text in read_texts(folder)]
    texts = {document.id: document.text for document in documents}
    used: set[Intended] = set()
    lines: list[str] = []
    for found in sorted({*lint(documents), *copies(documents, others)}):
        excuses = [row for row in rows if row.excuses(found, texts[found.id])]
        used.update(excuses)
        if not excuses:
            lines.append(f"{articles}: {found.id}: {found.start}: {found.reason}")
    unused = (row for row in rows if row not in used)
    return lines + [f"{intended}: {row.id}: {row.text!r} excuses nothing" for row in unused]


def lint(documents: Sequence[Document]) -> Iterator[Finding]:
    """Yield what is wrong in each of `documents`, and those that are too like each other."""
    for document in documents:
        for check in CHECKS:
            yield from check(document)
    yield from duplicates(documents)


# --- what is read --------------------------------------------------------------------------------


def read_intended(path: Path) -> list[Intended]:
    """Read the list of what is intended; an absent file is an empty list.

    Raises:
        CorpusError: a row is not an object of three strings, none of them empty.
    """
    rows: list[Intended] = []
    for number, row in read_rows(path) if path.exists() else ():
        match row:
            case {"id": str(id), "text": str(text), "reason": str(reason)} if (
                id and text and reason
            ):
                rows.append(Intended(id, text, reason))
            case _:
                raise CorpusError([f"{path}:{number}: not {{id, text, reason}}: {row!r:.60}"])
    return rows


def read_texts(folder: Path) -> list[str]:
    """Return the texts of the `.txt` files and of the rows of the `.jsonl` files in `folder`.

    Raises:
        CorpusError: there is none, a file cannot be read, or a row is no object.
    """
    texts: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, row in read_rows(path):
            if not isinstance(row, dict):
                raise CorpusError([f"{path}:{number}: not an object: {row!r:.60}"])
            texts += [row["text"]] if isinstance(row.get("text"), str) else []
    for path in sorted(folder.glob("*.txt")):
        texts.append(decode_file(path, path.read_bytes()))
    if not texts:
        raise CorpusError([f"{folder}: holds no text"])
    return texts


# --- one article ---------------------------------------------------------------------------------


def faulty_meta(document: Document) -> Iterator[Finding]:
    """Yield the keys that the article's `meta` lacks."""
    if missing := [key for key in META_KEYS if not document.meta.get(key)]:
        yield Finding(document.id, 0, 0, f"meta has no {', '.join(missing)}")


def faulty_wording(document: Document) -> Iterator[Finding]:
    """Yield spans with outer material: approximators, titles, generic types, marks."""
    for start, end, label in document.ents:
        surface = document.text[start:end]
        if fault := _wording_fault(surface, label):
            yield Finding(document.id, start, end, f"{label} {surface!r} {fault}")


def _wording_fault(surface: str, label: str) -> str | None:
    if surface in GENERIC:
        return "is a generic word"
    if surface[0] in EDGES or surface[-1] in EDGES:
        return "has a mark at an edge"
    if surface.count("(") + surface.count("（") != surface.count(")") + surface.count("）"):
        return "has half of a pair of brackets"
    if surface.startswith(HEADS[label]) and not surface.startswith(EXCEPTIONS):
        return "begins with a word that the guidelines leave out"
    if surface.endswith(TAILS[label]) and not surface.endswith(EXCEPTIONS):
        return "ends with a word that the guidelines leave out"
    return None


def bare_names(document: Document) -> Iterator[Finding]:
    """Yield the places where a name that is annotated elsewhere is left bare, or is cut.

    A place inside a longer entity is neither; of names within one another the longest counts.
    """
    surfaces = {document.text[s:e]: label for s, e, label in document.ents if label in _NAMES}
    names = sorted(
        (name for name in surfaces if len(name) >= _SHORTEST_NAME), key=len, reverse=True
    )
    seen: list[tuple[int, int]] = [(start, end) for start, end, _ in document.ents]
    for name in names:
        for start in occurrences(name, document.text):
            place = start, start + len(name)
            if _touches(place, seen) and not _is_cut(place, document.ents):
                continue
            seen.append(place)
            yield Finding(document.id, *place, f"{surfaces[name]} {name!r} is annotated elsewhere")


def occurrences(part: str, text: str) -> Iterator[int]:
    """Yield where `part` begins in `text`, also where it overlaps itself."""
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _touches(place: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(start < place[1] and place[0] < end for start, end in others)


def _is_cut(place: tuple[int, int], ents: Iterable[Span]) -> bool:
    """Say whether `place` holds an entity that is shorter than it."""
    return any(
        place[0] <= start and end <= place[1] and (start, end) != place for start, end, _ in ents
    )


def unmarked_money(document: Document) -> Iterator[Finding]:
    """Yield every number with a currency that does not lie within one entity."""
    others = [match.span() for match in _NOT_MONEY.finditer(document.text)]
    for match in _AMOUNT.finditer(document.text):
        inside = any(s <= match.start() and match.end() <= e for s, e, _ in document.ents)
        if not inside and not _touches(match.span(), others):
            yield Finding(document.id, *match.span(), f"amount {match[0]!r} is not annotated")


CHECKS: Final[tuple[Callable[[Document], Iterator[Finding]], ...]] = (
    faulty_meta,
    faulty_wording,
    bare_names,
    unmarked_money,
)


# --- all articles --------------------------------------------------------------------------------


def duplicates(documents: Sequence[Document]) -> Iterator[Finding]:
    """Yield the articles that share more than MOST_SHARED with an earlier one."""
    shares = shared([sequences(document.text) for document in documents])
    for (first, second), share in shares.items():
        if share > MOST_SHARED:
            reason = f"shares {share:.1%} of its sequences with {documents[first].id}"
            yield Finding(documents[second].id, 0, 0, reason)


def copies(documents: Sequence[Document], others: Sequence[str]) -> Iterator[Finding]:
    """Yield the articles that share more than MOST_COPIED with `others`."""
    if not others:
        return
    foreign = known(sequences(text) for text in others)
    for document in documents:
        own = sequences(document.text)
        share = len(own & foreign) / max(len(own), 1)
        if share > MOST_COPIED:
            reason = f"shares {share:.1%} of its sequences with texts of others"
            yield Finding(document.id, 0, 0, reason)


if __name__ == "__main__":
    run(main)
