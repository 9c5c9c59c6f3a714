"""`zhinvest_words`: characters to Chinese words, never across the boundary of an entity.

The word segmenter is spacy-pkuseg with a model that lives inside the pipeline: it is read at
initialisation or from the pipeline's folder, and nothing is ever downloaded.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy.attrs import NORM, ORTH, SENT_START, SPACY
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from zhinvest.files import write_bytes
from zhinvest.segmenter import FEATURES, WEIGHTS, Segmenter


class Words(Pipe):
    """Merges the tokens of a Doc into the words that pkuseg finds in its normalised text.

    The new Doc has the text, entities, groups of spans, sentence starts, categories, user data and
    context of the old one; a span of a group that begins or ends within a word grows by the rest
    of it. All else is lost: what taggers, parsers and lemmatisers set on the tokens, norms set by
    hand, vectors (`doc.tensor`), hooks, and which tokens are blocked or unknown as entities.
    """

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self._model: dict[str, bytes] = {}
        self._built: Segmenter | None = None

    @property
    def segmenter(self) -> Segmenter:
        """The segmenter, built from the model when it is first asked for.

        Raises:
            ValueError: there is no model.
        """
        if self._built is None:
            if not self._model:
                raise ValueError(
                    f"component {self.name!r} holds no pkuseg model: initialise it first"
                )
            self._built = Segmenter(self._model)
        return self._built

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
        """Return a Doc of words over the same text; the class tells what it keeps of `doc`."""
        segmenter = self.segmenter
        return _merge(doc, _begins(doc, segmenter)) if len(doc) else doc

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the pkuseg model as bytes."""
        data: bytes = srsly.msgpack_dumps(self._model)
        return data

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "Words":
        """Load the pkuseg model from what `to_bytes` gave."""
        self._model, self._built = srsly.msgpack_loads(data), None
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
        self._model = {file: (Path(path) / file).read_bytes() for file in (FEATURES, WEIGHTS)}
        self._built = None
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.name, self.to_bytes())


def _restore(name: str, data: bytes) -> Words:
    return Words(name).from_bytes(data)


def _strings(doc: Doc, attribute: int) -> list[str]:
    """Return an attribute of each token; no Token is made on the way, which takes far longer."""
    strings = doc.vocab.strings
    return [strings[number] for number in doc.to_array(attribute).tolist()]


def _begins(doc: Doc, segmenter: Segmenter) -> NDArray[np.bool_]:
    """Return at which tokens a word begins: shape (n_tokens,).

    One begins at every blank and behind it, at the start and behind the end of every entity, and
    at the start of every sentence that `doc` has.
    """
    norms = _strings(doc, NORM)
    is_blank = np.array([norm.isspace() for norm in norms])
    is_apart = is_blank | doc.to_array(SPACY).astype(bool)
    begins: NDArray[np.bool_] = is_blank | np.append(True, is_apart[:-1])
    if doc.has_annotation("SENT_START"):
        begins |= doc.to_array(SENT_START) == 1
    for ent in doc.ents:
        begins[ent.start] = True
        begins[ent.end : ent.end + 1] = True
    stretches = np.split(np.arange(len(doc)), np.flatnonzero(is_apart) + 1)
    texts = ["".join(norms[i] for i in places if not is_blank[i]) for places in stretches]
    found = segmenter.starts([text for text in texts if text])
    shown = np.flatnonzero(~is_blank)
    lengths = np.array([len(norms[i]) for i in shown], dtype=np.int64)
    begins[shown] |= np.concatenate([*found, [True]])[np.cumsum(lengths) - lengths]
    return begins


def _merge(doc: Doc, begins: NDArray[np.bool_]) -> Doc:
    """Return a Doc whose tokens begin at `begins`; a space stands only in front of such a place."""
    tokens, spaces = _strings(doc, ORTH), doc.to_array(SPACY).astype(bool)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(doc))
    words = ["".join(tokens[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    merged = Doc(
        doc.vocab,
        words=words,
        spaces=spaces[ends - 1].tolist(),
        user_data=doc.user_data,
        sent_starts=_sentence_starts(doc, starts),
    )
    index = np.append(np.cumsum(begins) - 1, len(words))
    merged.ents = [_carried(ent, merged, index) for ent in doc.ents]
    for name, group in doc.spans.items():
        spans = [_carried(span, merged, index) for span in group]
        merged.spans[name] = SpanGroup(merged, name=group.name, attrs=group.attrs, spans=spans)
    merged.cats = doc.cats
    merged._context = doc._context
    return merged


def _sentence_starts(doc: Doc, starts: NDArray[np.int64]) -> list[bool | int | None] | None:
    """Return spaCy's 1, 0 or -1 for the tokens at `starts`; None where no token tells."""
    if not doc.has_annotation("SENT_START"):
        return None
    starting: list[bool | int | None] = doc.to_array(SENT_START).astype(np.int64)[starts].tolist()
    return starting


def _carried(span: Span, words: Doc, index: NDArray[np.int64]) -> Span:
    """Return the span of all words in which `span` has a character.

    `index` is the word of each token, and the number of words behind the last token.
    """
    start = index[span.start]
    end = index[span.end - 1] + 1 if len(span) else start
    return Span(words, start, end, label=span.label, kb_id=span.kb_id, span_id=span.id)


@Language.factory("zhinvest_words", assigns=["doc.ents"], retokenizes=True)
def make_words(nlp: Language, name: str) -> Words:
    """Return an empty component; `initialize` or loading a pipeline gives it its model."""
    return Words(name)
