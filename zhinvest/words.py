"""`zhinvest_words`: characters to Chinese words, never across the boundary of an entity.

The word segmenter is spacy-pkuseg with a model that lives inside the pipeline: it is read at
initialisation or from the pipeline's folder, and nothing is ever downloaded.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import spacy_pkuseg
import srsly
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span
from spacy.training import Example

from zhinvest.files import write_bytes
from zhinvest.tokenizer import is_blank

_MODEL_FILES: Final = ("features.msgpack", "weights.npz")


class Words(Pipe):
    """Merges the tokens of a Doc into the words that pkuseg finds in its normalised text."""

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self._model: dict[str, bytes] = {}
        self._segmenter: Any = None

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]] | None = None,
        *,
        nlp: Language | None = None,
        segmenter: str | Path | None = None,
    ) -> None:
        """Take in the pkuseg model in the folder `segmenter`; see `training.segmenter`."""
        if segmenter is None:
            raise ValueError(
                f"component {self.name!r} needs a pkuseg model: set "
                f"[initialize.components.{self.name}] segmenter to its folder"
            )
        self.from_disk(Path(segmenter))

    def __call__(self, doc: Doc) -> Doc:
        """Return a Doc of words over the same text, with the entities and user data of `doc`."""
        if self._segmenter is None:
            raise ValueError(f"component {self.name!r} holds no pkuseg model: initialise it first")
        return _merge(doc, sorted(self._starts(doc)))

    def _starts(self, doc: Doc) -> set[int]:
        """Return the indices of the tokens that begin a word, and `len(doc)`."""
        bounds = {0, len(doc)} | {i for ent in doc.ents for i in (ent.start, ent.end)}
        starts = set(bounds)
        for start, end in _chunks(doc):
            starts.add(start)
            starts.update(self._word_starts([token.norm_ for token in doc[start:end]], start))
        starts.update(token.i for token in doc if is_blank(token))
        return starts

    def _word_starts(self, norms: list[str], first: int) -> Iterator[int]:
        """Yield the indices (counted from `first`) of the tokens at which a word begins."""
        words = self._segmenter.cut("".join(norms))
        if sum(map(len, words)) != sum(map(len, norms)):
            yield from range(first, first + len(norms))
            return
        begins = {0, *accumulate(map(len, words))}
        for index, offset in enumerate(accumulate(map(len, norms), initial=0)):
            if offset in begins:
                yield first + index

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the pkuseg model as bytes."""
        data: bytes = srsly.msgpack_dumps(self._model)
        return data

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "Words":
        """Load the pkuseg model from what `to_bytes` gave."""
        self._model = srsly.msgpack_loads(data)
        self._segmenter = _load(self._model) if self._model else None
        return self

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the files of the pkuseg model into the folder `path`."""
        for file, data in self._model.items():
            write_bytes(Path(path) / file, data)

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> "Words":
        """Load the pkuseg model from the folder `path`.

        Raises:
            FileNotFoundError: one of the model's two files is missing.
        """
        self._model = {file: (Path(path) / file).read_bytes() for file in _MODEL_FILES}
        self._segmenter = _load(self._model)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.name, self.to_bytes())


def _restore(name: str, data: bytes) -> Words:
    return Words(name).from_bytes(data)


def _load(model: dict[str, bytes]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        for file, data in model.items():
            write_bytes(Path(folder) / file, data)
        return spacy_pkuseg.pkuseg(folder, user_dict=None)


def _chunks(doc: Doc) -> Iterator[tuple[int, int]]:
    """Yield the stretches of tokens without white space and tags, which pkuseg would drop."""
    start = 0
    for token in doc:
        if is_blank(token) or token.whitespace_:
            end = token.i if is_blank(token) else token.i + 1
            if start < end:
                yield start, end
            start = token.i + 1
    if start < len(doc):
        yield start, len(doc)


def _merge(doc: Doc, starts: list[int]) -> Doc:
    """Return a Doc with one token for each stretch between neighbouring `starts`."""
    text = doc.text
    bounds = [doc[i].idx if i < len(doc) else len(text) for i in starts]
    words = [text[a:b] for a, b in pairwise(bounds)]
    ends = [end - 1 for _, end in pairwise(starts)]
    spaces = [bool(doc[i].whitespace_) for i in ends]
    trimmed = [word[:-1] if space else word for word, space in zip(words, spaces, strict=True)]
    merged = Doc(doc.vocab, words=trimmed, spaces=spaces, user_data=doc.user_data)
    index = {start: i for i, start in enumerate(starts)}
    merged.ents = [
        Span(merged, index[e.start], index[e.end], label=e.label, kb_id=e.kb_id, span_id=e.id)
        for e in doc.ents
    ]
    merged.cats = doc.cats
    merged._context = doc._context
    return merged


@Language.factory("zhinvest_words", assigns=["doc.ents"], retokenizes=True)
def make_words(nlp: Language, name: str) -> Words:
    """Return an empty component; `initialize` or loading a pipeline gives it its model."""
    return Words(name)
