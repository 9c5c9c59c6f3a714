"""Which prediction answers which gold span: the best one-to-one matching of one article.

Spans are compared by their character offsets. Only spans that share a character can be matched,
so the problem falls into small clusters; each is solved exactly (Kuhn 1955, the assignment
problem, by `scipy.optimize.linear_sum_assignment`), where a greedy matching depends on the order.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from zhinvest.scorer import Span

Weight = Callable[[Span, Span], float]
"""How well a gold span and a predicted span go together; 0 where they do not at all."""

_STRICT: Final = 5.0
"""More than the two pairs that could be had in exchange for an exact one: each is at most 2."""


class Outcome(StrEnum):
    """What became of a gold span, or of a predicted one that no gold span answers."""

    CORRECT = "correct"
    TYPE = "type"
    BOUNDARY = "boundary"
    BOTH = "boundary and type"
    MISSED = "missed"
    SPURIOUS = "spurious"


ERRORS: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.CORRECT)


@dataclass(frozen=True)
class Pair:
    """A gold span and the predicted one that answers it; either may be lacking, not both."""

    gold: Span | None
    predicted: Span | None

    @property
    def outcome(self) -> Outcome:
        """The class of the error, or `correct`."""
        if self.predicted is None:
            return Outcome.MISSED
        if self.gold is None:
            return Outcome.SPURIOUS
        same_type, same_bounds = same_label(*self._spans), same_boundaries(*self._spans)
        if same_bounds:
            return Outcome.CORRECT if same_type else Outcome.TYPE
        return Outcome.BOUNDARY if same_type else Outcome.BOTH

    @property
    def start(self) -> int:
        """Where the first of the two spans begins: character offset."""
        return min(span[0] for span in (self.gold, self.predicted) if span)

    @property
    def _spans(self) -> tuple[Span, Span]:
        assert self.gold and self.predicted
        return self.gold, self.predicted


def pair_up(gold: Iterable[Span], predicted: Iterable[Span]) -> list[Pair]:
    """Return every gold and every predicted span once, by their place in the text.

    Spans that agree exactly are always paired; for the others, the total of the shares of
    characters in common, with 1 more for a common label, is as large as it can be.
    """
    wanted, found = set(gold), set(predicted)
    pairs = [Pair(*match) for match in assign(wanted, found, _likeness)]
    wanted -= {pair.gold for pair in pairs if pair.gold}
    found -= {pair.predicted for pair in pairs if pair.predicted}
    alone = [Pair(span, None) for span in wanted] + [Pair(None, span) for span in found]
    return sorted(pairs + alone, key=_place)


def assign(
    gold: Iterable[Span], predicted: Iterable[Span], weight: Weight
) -> Iterator[tuple[Span, Span]]:
    """Yield the pairs of the one-to-one matching with the largest total of `weight`.

    Spans without a character in common are never matched.
    """
    for golds, guesses in _clusters(gold, predicted):
        weights = np.array(
            [[weight(g, p) if overlap(g, p) else 0.0 for p in guesses] for g in golds]
        )
        for row, column in zip(*linear_sum_assignment(weights, maximize=True), strict=True):
            if weights[row, column] > 0:
                yield golds[row], guesses[column]


def overlap(first: Span, second: Span) -> int:
    """Return the number of characters that two spans share."""
    return max(0, min(first[1], second[1]) - max(first[0], second[0]))


def same_label(first: Span, second: Span) -> bool:
    """Say whether two spans have one label."""
    return first[2] == second[2]


def same_boundaries(first: Span, second: Span) -> bool:
    """Say whether two spans begin and end together."""
    return first[:2] == second[:2]


def _likeness(gold: Span, predicted: Span) -> float:
    if gold == predicted:
        return _STRICT
    shared = overlap(gold, predicted)
    union = gold[1] - gold[0] + predicted[1] - predicted[0] - shared
    return shared / union + same_label(gold, predicted)


def _clusters(
    gold: Iterable[Span], predicted: Iterable[Span]
) -> Iterator[tuple[list[Span], list[Span]]]:
    """Yield the groups of spans that hang together by overlaps, where both sides have some."""
    spans = sorted([(span, 0) for span in set(gold)] + [(span, 1) for span in set(predicted)])
    sides: tuple[list[Span], list[Span]] = ([], [])
    end = 0
    for span, side in spans:
        if span[0] >= end and any(sides):
            yield from _both(sides)
            sides = ([], [])
        sides[side].append(span)
        end = max(end, span[1])
    yield from _both(sides)


def _both(sides: tuple[list[Span], list[Span]]) -> Iterator[tuple[list[Span], list[Span]]]:
    if all(sides):
        yield sides


def _place(pair: Pair) -> tuple[int, int, list[Span], bool]:
    spans = [span for span in (pair.gold, pair.predicted) if span]
    return pair.start, max(span[1] for span in spans), spans, pair.gold is None


def count_outcomes(articles: Iterable[Sequence[Pair]]) -> dict[str, Counter[Outcome]]:
    """Return, for each label, how many spans came to which outcome.

    A pair counts for the label of its gold span; a spurious span for its own label.
    """
    counts: dict[str, Counter[Outcome]] = {}
    for pair in (pair for pairs in articles for pair in pairs):
        span = pair.gold or pair.predicted
        assert span
        counts.setdefault(span[2], Counter())[pair.outcome] += 1
    return counts
