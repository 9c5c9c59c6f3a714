"""Texts to arrays of numbers, for `training.distil`: `python -m training.arrays --help`.

The four sets (gold, dev, public, unlabelled) go into one .npz file, together with the distinct
keys of tokens (`keys`) and the entries of the vocabulary that end sentences (`stops`). Each set
has the arrays `NAME.positions`, `NAME.keys` (index into `keys`), `NAME.offsets` and, unless it is
unlabelled, `NAME.tags`; `training.distil.data` says what they hold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import numpy as np
import spacy
import typer
from numpy.typing import NDArray
from spacy.attrs import ENT_IOB, ENT_TYPE, NORM, SHAPE
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc
from tqdm import tqdm

from training.commands import run
from training.convert import CHARACTERS, grouped, read_public, to_doc
from training.distil.data import END, FIRST, MISSING, WINDOW, Arrays, read_vocabulary, write_arrays
from zhinvest.documents import CorpusError, Document, read_documents, read_rows
from zhinvest.encoder import character_index
from zhinvest.tags import TAGS

_GROUP: Final = 6
"""Sentences of the public sets put together into one text."""

_SHARED: Final = 14
"""Characters in a row that no unlabelled text may share with a held-out one."""

_SHORTEST, _LONGEST = 30, 4000
"""Characters of an unlabelled text: a shorter one is left out, a longer one cut."""

_STYLE_SHEET: Final = "px;"
_STOPS: Final = "。！？；;!?"
_SEPARATOR_KEY: Final = get_string_id("\n")
_OUTSIDE, _MISSING_IOB, _INSIDE_IOB = 0, 0, 1


@dataclass(frozen=True)
class Encoded:
    """One document: positions and their tags, and the keys of its tokens."""

    positions: NDArray[np.uint16]
    tags: NDArray[np.int8]
    keys: NDArray[np.uint64]


class Reader:
    """Turns documents into arrays, with the vocabulary of an encoder."""

    def __init__(self, vocabulary: Path) -> None:
        pieces = read_vocabulary(vocabulary)
        if len(pieces) > FIRST:
            raise CorpusError([f"{vocabulary}: {len(pieces)} entries, at most {FIRST} fit"])
        self.index = {piece: i for i, piece in enumerate(pieces)}
        self.nlp: Language = spacy.blank("zh", config=CHARACTERS)
        self.positions = cache(self._positions)

    @property
    def stops(self) -> NDArray[np.uint16]:
        """Indices of the characters that end sentences."""
        return np.array([self.index[c] for c in _STOPS if c in self.index], dtype=np.uint16)

    def _positions(self, norm: int) -> tuple[int, ...]:
        """Return the positions of a token, given its NORM, as `zhinvest.encoder` makes them."""
        form = (self.nlp.vocab.strings[norm] or "?")[: WINDOW - 1]
        first, *others = (character_index(character, self.index) for character in form)
        return first | FIRST, *others

    def form(self, doc: Doc) -> str:
        """Return the NORM of all tokens, without white space."""
        return "".join(token.norm_ for token in doc if not token.is_space)

    def encode(self, doc: Doc) -> Encoded:
        """Return the arrays of one Doc; tags come from its entities."""
        table = doc.to_array([NORM, SHAPE, ENT_IOB, ENT_TYPE]).astype(np.uint64)
        positions: list[int] = []
        tags: list[int] = []
        for norm, _, iob, label in table.tolist():
            token = self.positions(norm)
            positions += token
            tags.append(_tag(iob, self.nlp.vocab.strings[label]))
            tags += [MISSING] * (len(token) - 1)
        return Encoded(np.array(positions, np.uint16), np.array(tags, np.int8), table[:, 1])

    def labelled(self, documents: Iterable[Document], *, partial: bool = False) -> list[Encoded]:
        """Return annotated documents; see `training.convert.to_doc` for `partial`."""
        docs = (to_doc(self.nlp, document, partial=partial) for document in documents)
        return [self.encode(doc) for doc in docs]

    def unlabelled(self, texts: Iterable[str], held_out: set[str]) -> list[Encoded]:
        """Return texts that share no sequence with `held_out`; each ends with END."""
        docs = (self.nlp.make_doc(text) for text in texts)
        free = (doc for doc in docs if held_out.isdisjoint(sequences(self.form(doc))))
        return [_ended(self.encode(doc)) for doc in free]

    def held_out(self, documents: Iterable[Document]) -> set[str]:
        """Return all sequences of `documents`, in the reading form."""
        forms = (self.form(self.nlp.make_doc(document.text)) for document in documents)
        return {sequence for form in forms for sequence in sequences(form)}


def _tag(iob: int, label: str) -> int:
    if iob == _MISSING_IOB:
        return MISSING
    return TAGS.index(f"{'I' if iob == _INSIDE_IOB else 'B'}-{label}") if label else _OUTSIDE


def _ended(encoded: Encoded) -> Encoded:
    return Encoded(
        np.append(encoded.positions, np.uint16(END | FIRST)),
        np.append(encoded.tags, np.int8(_OUTSIDE)),
        np.append(encoded.keys, np.uint64(_SEPARATOR_KEY)),
    )


def sequences(form: str) -> Iterator[str]:
    """Yield all sequences of _SHARED characters."""
    return (form[i : i + _SHARED] for i in range(len(form) - _SHARED + 1))


def read_unlabelled(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the texts of JSONL files ("text"), without the short ones and those of web pages."""
    for path in paths:
        for number, row in read_rows(path):
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise CorpusError([f"{path}:{number}: needs 'text' (string)"])
            text = row["text"].strip()
            if len(text) >= _SHORTEST and _STYLE_SHEET not in text:
                yield text[:_LONGEST]


def stacked(sets: dict[str, list[Encoded]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of all sets; their keys are looked up in one table."""
    keys = {name: _joined([e.keys for e in found], np.uint64) for name, found in sets.items()}
    table = np.unique(np.concatenate([np.unique(column) for column in keys.values()]))
    arrays: dict[str, NDArray[Any]] = {"keys": table}
    for name, found in sets.items():
        arrays[f"{name}.positions"] = _joined([e.positions for e in found], np.uint16)
        arrays[f"{name}.keys"] = np.searchsorted(table, keys[name]).astype(np.uint32)
        arrays[f"{name}.offsets"] = np.cumsum([0, *(len(e.positions) for e in found)])
        if name != "unlabelled":
            arrays[f"{name}.tags"] = _joined([e.tags for e in found], np.int8)
    return arrays


def _joined(parts: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *parts])


def main(
    gold: Annotated[list[Path], typer.Argument(help="JSONL files of articles to train on.")],
    dev: Annotated[Path, typer.Option(help="JSONL file of articles to measure on.")],
    vocabulary: Annotated[Path, typer.Option(help="tokenizer.json of the encoder.")],
    output: Annotated[Path, typer.Option(help="The .npz file to write.")],
    public: Annotated[list[str] | None, typer.Option(help="READER:FILE of a public set.")] = None,
    unlabelled: Annotated[list[Path] | None, typer.Option(help="JSONL file of texts.")] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="JSONL file of articles, none of them to be met in unlabelled texts."),
    ] = None,
    share: Annotated[float, typer.Option(help="Share of the unlabelled texts to draw.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Draws the unlabelled texts.")] = 0,
) -> None:
    """Write all texts as arrays; unlabelled ones that share text with dev or --held-out are not."""
    random = Random(seed)
    reader = Reader(vocabulary)
    dev_articles = read_documents(dev)
    others = [document for path in held_out or [] for document in read_documents(path)]
    articles = (document for path in gold for document in read_documents(path))
    sentences = read_public(public or [])
    drawn = (text for text in read_unlabelled(unlabelled or []) if random.random() < share)
    texts = tqdm(drawn, "unlabelled", unit=" texts")
    sets = {
        "gold": reader.labelled(articles),
        "dev": reader.labelled(dev_articles),
        "public": reader.labelled(grouped(sentences, _GROUP), partial=True),
        "unlabelled": reader.unlabelled(texts, reader.held_out([*dev_articles, *others])),
    }
    arrays: Arrays = stacked(sets) | {"stops": reader.stops}
    write_arrays(output, arrays)
    counts = ", ".join(f"{name} {len(found)}" for name, found in sets.items())
    typer.echo(f"{output}: documents: {counts}")


if __name__ == "__main__":
    run(main)
