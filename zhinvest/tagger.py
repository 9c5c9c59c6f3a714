"""`zhinvest_tagger`: entities by a BIO tag for each character, decoded to the best valid path.

Stands where spaCy's transition-based `ner` stands; its decisions are independent of one another
up to the decoder, so that a batch runs as a few large matrix products.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, NORM
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Linear, Model, NumpyOps, chain, with_array
from thinc.types import Floats2d

from zhinvest.encoder import load_bert, load_pieces
from zhinvest.labels import LABELS
from zhinvest.mentions import share
from zhinvest.tags import TAGS, Scores, Tags, decode, tag_spans, transition_scores
from zhinvest.tokenizer import is_blank

CPU_TOKENS: Final = 800
"""So many tokens go through the network at once on a CPU: larger matrices leave its caches."""

_TAKEN: Final = (1, 3)
"""What spaCy's `ENT_IOB` is in an entity and at its begin; 3 without a label is blocked."""

_POSITION: Final = {"B": 0, "U": 0, "I": 1, "L": 1}


@registry.architectures("zhinvest.Tagger.v1")
def tagger_model(tok2vec: Model[list[Doc], list[Floats2d]]) -> Model[list[Doc], list[Floats2d]]:
    """Return a model from Docs to tag scores of shape (n_tokens, len(TAGS))."""
    output: Model[Any, Any] = with_array(
        cast(Any, Linear(nO=len(TAGS), nI=tok2vec.maybe_get_dim("nO")))
    )
    model: Model[Any, Any] = chain(tok2vec, output)
    model.set_ref("tok2vec", tok2vec)
    return cast(Model[list[Doc], list[Floats2d]], model)


class Tagger(TrainablePipe):  # type: ignore[misc]
    """Finds entities by tagging every token."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "ner",
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"transitions": None, "sharing": 0.0}

    @property
    def transitions(self) -> Scores | None:
        """What the decoder adds for two tags in a row, shape (n_tags, n_tags); see `decode`."""
        found = self.cfg["transitions"]
        return None if found is None else np.array(found, dtype=np.float32)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the entities."""
        return LABELS

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        bert: Path | None = None,
        pieces: Path | None = None,
        transition_weight: float = 0.0,
        sharing: float = 0.0,
    ) -> None:
        """Give the model its shape from a few examples.

        Args:
            get_examples: Gives the examples to train on.
            nlp: The pipeline.
            bert: A folder for `load_bert`, where the model has a CharEncoder.
            pieces: A folder for `load_pieces`, where it has a PieceEncoder too.
            transition_weight: Share of the `transition_scores` of the examples that the decoder
                adds to the model's scores; 0 leaves the decision to these alone.
            sharing: How far the mentions of one name are scored alike: see `mentions.share`.

        Raises:
            ValueError: there is no example, or all entities of the examples have other labels.
        """
        sample = [example.x for example in islice(get_examples(), 10)]
        if not sample:
            raise ValueError(f"component {self.name!r}: no example to initialise from")
        self._check_labels(get_examples())
        self.model.initialize(X=sample)
        self.cfg = {"transitions": None, "sharing": sharing}
        if transition_weight:
            paths = (np.array(gold_tags(example), dtype=np.int64) for example in get_examples())
            self.cfg["transitions"] = (transition_weight * transition_scores(paths)).tolist()
        encoders = {node.name: node for node in self.model.walk()}
        if bert is not None:
            load_bert(encoders["char_encoder"], bert)
        if pieces is not None:
            characters = encoders["char_encoder"].attrs["characters"]
            load_pieces(encoders["piece_encoder"], pieces, characters)

    def _check_labels(self, examples: Iterable[Example]) -> None:
        """Warn of gold entities with other labels, which count as no entities; refuse only such."""
        found = {ent.label_ for example in examples for ent in example.reference.ents}
        others, known = ", ".join(sorted(found.difference(LABELS))), ", ".join(LABELS)
        if others and found.isdisjoint(LABELS):
            raise ValueError(
                f"component {self.name!r}: no entity of the examples is labelled {known}: "
                f"they are labelled {others}"
            )
        if others:
            warnings.warn(
                f"component {self.name!r} learns {known}: entities of the examples that are "
                f"labelled {others} count as no entities",
                stacklevel=3,
            )

    def predict(self, docs: Iterable[Doc]) -> list[Tags]:
        """Return the best valid tags of each Doc."""
        filled = list(docs)
        if not any(filled):
            return [np.zeros(0, dtype=np.int64) for _ in filled]
        ops: Any = self.model.ops
        has_batches = any(node.attrs.get("own_batches") for node in self.model.walk())
        limit = None if has_batches or not isinstance(ops, NumpyOps) else CPU_TOKENS
        parts = _parts(filled, limit)
        scores = [ops.to_numpy(array) for part in parts for array in self.model.predict(part)]
        return self._shared(filled, scores, decode(scores, self.transitions))

    def _shared(self, docs: list[Doc], scores: list[Scores], paths: list[Tags]) -> list[Tags]:
        """Return the best paths once the mentions of a name share their scores."""
        weight = self.cfg.get("sharing", 0.0)
        if not weight:
            return paths
        changed: dict[int, Scores] = {}
        for n, (doc, array, path) in enumerate(zip(docs, scores, paths, strict=True)):
            shared = share(array, doc.to_array([NORM]).reshape(-1).astype(np.uint64), path, weight)
            if shared is not array:
                changed[n] = shared
        found = dict(zip(changed, decode(list(changed.values()), self.transitions), strict=True))
        return [found.get(n, path) for n, path in enumerate(paths)]

    def set_annotations(self, docs: Iterable[Doc], tags: Iterable[Tags]) -> None:
        """Write the entities that `tags` spell into the Docs.

        Entities that a Doc has already stay, and so do blocked tokens (see `Doc.set_ents`): what
        overlaps them is left out.
        """
        for doc, path in zip(docs, tags, strict=True):
            spans = [Span(doc, *span) for span in tag_spans(path) if _is_framed(doc, *span)]
            if doc.has_annotation("ENT_IOB"):
                _add_ents(doc, spans)
            else:
                doc.set_ents(spans)

    def get_loss(
        self, examples: Iterable[Example], scores: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Return the cross-entropy and its gradient; tokens without annotation have none."""
        loss, gradients = 0.0, []
        ops: Any = self.model.ops
        arrays: list[Any] = list(scores)
        for example, array in zip(examples, arrays, strict=True):
            gold = ops.asarray1i(gold_tags(example))
            known = (gold >= 0).astype("f")
            exponents = ops.xp.exp(array - array.max(axis=1, keepdims=True))
            gradient = exponents / exponents.sum(axis=1, keepdims=True)
            right = ops.xp.arange(len(gold)), ops.xp.maximum(gold, 0)
            loss -= float((ops.xp.log(gradient[right] + 1e-12) * known).sum())
            gradient[right] -= 1
            gradients.append(gradient * known[:, None])
        return loss, gradients

    def add_label(self, label: str) -> int:
        """Refuse: the labels are fixed."""
        known = ", ".join(LABELS)
        raise ValueError(f"the labels of {self.name!r} are {known}: cannot add {label!r}")


def _parts(docs: list[Doc], limit: int | None) -> Iterator[list[Doc]]:
    """Yield `docs` in lists of at most `limit` tokens, or one Doc; in one list without a limit."""
    part: list[Doc] = []
    tokens = 0
    for doc in docs:
        if part and limit is not None and tokens + len(doc) > limit:
            yield part
            part, tokens = [], 0
        part.append(doc)
        tokens += len(doc)
    yield part


def gold_tags(example: Example) -> list[int]:
    """Return the index in TAGS for each token of the prediction, -1 where it is not known."""
    return [_tag_index(tag) for tag in example.get_aligned_ner()]


def _tag_index(biluo: str | None) -> int:
    if biluo is None or biluo == "-":
        return -1
    position, _, label = biluo.partition("-")
    if label not in LABELS:
        return TAGS.index("O")
    return 1 + 2 * LABELS.index(label) + _POSITION[position]


def _add_ents(doc: Doc, spans: list[Span]) -> None:
    """Write those of `spans` that overlap neither an entity of `doc` nor a blocked token."""
    is_taken = np.isin(doc.to_array(ENT_IOB), _TAKEN)
    is_blocked = is_taken & (doc.to_array(ENT_TYPE) == 0)
    blocked = [doc[i : i + 1] for i in np.flatnonzero(is_blocked).tolist()]
    free = [span for span in spans if not is_taken[span.start : span.end].any()]
    doc.set_ents([*doc.ents, *free], blocked=blocked)


def _is_framed(doc: Doc, start: int, end: int, label: str) -> bool:
    """Return whether the span begins and ends with something to see, as every gold span does."""
    return not (is_blank(doc[start]) or is_blank(doc[end - 1]))


@Language.factory(
    "zhinvest_tagger",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={"scorer": {"@scorers": "zhinvest.span_scorer.v1"}},
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_tagger(
    nlp: Language,
    name: str,
    model: Model[list[Doc], list[Floats2d]],
    scorer: Callable[..., dict[str, Any]] | None,
) -> Tagger:
    """Return a Tagger around `model` (architecture zhinvest.Tagger.v1)."""
    return Tagger(nlp.vocab, model, name, scorer)
