"""`zhinvest.span_scorer.v1`: strict F1 on character offsets, the one score of the project.

An entity counts as found when a prediction has its start, its end and its label. spaCy's own
scorer aligns predictions to gold tokens and drops what does not align; this one never does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Final, Protocol, Self, TypeVar

from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from zhinvest.labels import LABELS

Span = tuple[int, int, str]
"""Start and end character offsets (end exclusive) and label."""

MICRO: Final = "micro"
_MISSING: Final = 0


@dataclass(frozen=True)
class Counts:
    """Correct, predicted and gold spans of one label over some articles."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.correct + other.correct,
            self.predicted + other.predicted,
            self.gold + other.gold,
        )

    @property
    def precision(self) -> float:
        """Share of predicted spans that are correct; 0 where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of gold spans that were found; 0 where there is no gold."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.predicted + self.gold
        return 2 * self.correct / total if total else 0.0


def count_spans(gold: Iterable[Span], predicted: Iterable[Span]) -> dict[str, Counts]:
    """Compare the spans of one article; a Counts for every label that occurs in either."""
    gold_set, predicted_set = set(gold), set(predicted)
    correct = Counter(label for _, _, label in gold_set & predicted_set)
    guessed = Counter(label for _, _, label in predicted_set)
    wanted = Counter(label for _, _, label in gold_set)
    return {
        label: Counts(correct[label], guessed[label], wanted[label])
        for label in sorted(guessed.keys() | wanted.keys())
    }


class Addable(Protocol):
    """What can be added up over labels and articles."""

    def __add__(self, other: Self) -> Self:
        """Return the sum of both."""


A = TypeVar("A", bound=Addable)


def add_up(articles: Sequence[Mapping[str, A]], zero: A) -> dict[str, A]:
    """Add up the articles: a sum for every label, the four standard ones first, and `micro`."""
    seen = {label for article in articles for label in article}
    labels = [*LABELS, *sorted(seen - set(LABELS))]
    by_label = {
        label: reduce(add, (article.get(label, zero) for article in articles), zero)
        for label in labels
    }
    return by_label | {MICRO: reduce(add, by_label.values(), zero)}


def total(articles: Sequence[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Add up the strict counts of the articles: see `add_up`."""
    return add_up(articles, Counts())


def doc_spans(doc: Doc) -> list[Span]:
    """Return the entities of `doc` as spans of characters."""
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def score_examples(examples: Iterable[Example], **_: Any) -> dict[str, Any]:
    """Score as spaCy's trainer expects: `ents_p`, `ents_r`, `ents_f` and `ents_per_type`.

    Where the reference says that a stretch is not annotated (missing, not outside), what was
    predicted there is not counted.
    """
    articles = [_count_example(example) for example in examples]
    scores = {label: _as_scores(counts) for label, counts in total(articles).items()}
    micro = scores.pop(MICRO)
    return {
        "ents_p": micro["p"],
        "ents_r": micro["r"],
        "ents_f": micro["f"],
        "ents_per_type": {label: row for label, row in scores.items() if row["support"]},
    }


def _count_example(example: Example) -> dict[str, Counts]:
    unknown = [
        (token.idx, token.idx + len(token))
        for token in example.reference
        if token.ent_iob == _MISSING
    ]
    predicted = [
        span
        for span in doc_spans(example.predicted)
        if not any(start < span[1] and span[0] < end for start, end in unknown)
    ]
    return count_spans(doc_spans(example.reference), predicted)


def _as_scores(counts: Counts) -> dict[str, float]:
    return {
        "p": counts.precision,
        "r": counts.recall,
        "f": counts.f1,
        "support": counts.gold,
    }


@registry.scorers("zhinvest.span_scorer.v1")
def make_span_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer for the `scorer` setting of the `ner` component."""
    return score_examples
