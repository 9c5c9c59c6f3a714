"""Looser views than the strict one, to see what a pipeline gets nearly right.

`boundary` asks for the same start and end, `type` for one label and a character in common,
`overlap` for a character in common. Each view matches spans one to one, as many as can be and,
among the matchings of so many, as many as can be of one label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zhinvest.evaluation.matching import assign, same_boundaries, same_label
from zhinvest.scorer import Span, add_up

VIEWS: Final[dict[str, Callable[[Span, Span], bool]]] = {
    "strict": lambda gold, predicted: gold == predicted,
    "boundary": same_boundaries,
    "type": same_label,
    "overlap": lambda gold, predicted: True,
}


@dataclass(frozen=True)
class Tally:
    """Gold spans of a label and how many were found; predicted ones and how many are right.

    The two differ in a view that does not look at the label: a PLACE predicted for an ORG is a
    found ORG and a right PLACE. Over all labels, `found` and `right` are equal.
    """

    gold: int = 0
    predicted: int = 0
    found: int = 0
    right: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.gold + other.gold,
            self.predicted + other.predicted,
            self.found + other.found,
            self.right + other.right,
        )

    @property
    def precision(self) -> float:
        """Share of predicted spans that are right; 0 where nothing was predicted."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of gold spans that were found; 0 where there is no gold."""
        return self.found / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def view_article(gold: Iterable[Span], predicted: Iterable[Span], view: str) -> dict[str, Tally]:
    """Compare the spans of one article in one of VIEWS; a Tally for every label in either."""
    wanted, guessed = set(gold), set(predicted)
    fits, most = VIEWS[view], min(len(wanted), len(guessed))

    def weight(gold_span: Span, predicted_span: Span) -> float:
        # A pair more is worth more than one label in all of them.
        same = same_label(gold_span, predicted_span)
        return most + 1 + same if fits(gold_span, predicted_span) else 0

    matches = list(assign(wanted, guessed, weight))
    golds = Counter(span[2] for span in wanted)
    guesses = Counter(span[2] for span in guessed)
    found = Counter(gold_span[2] for gold_span, _ in matches)
    right = Counter(predicted_span[2] for _, predicted_span in matches)
    return {
        label: Tally(golds[label], guesses[label], found[label], right[label])
        for label in sorted(golds.keys() | guesses.keys())
    }


def add_tallies(articles: Sequence[Mapping[str, Tally]]) -> dict[str, Tally]:
    """Add up the articles: see `zhinvest.scorer.add_up`."""
    return add_up(articles, Tally())
