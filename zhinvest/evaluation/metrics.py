"""All measures of one pipeline on gold articles, as the plain JSON of `metrics.json`."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from sklearn.metrics import confusion_matrix

from zhinvest.evaluation.matching import Outcome, Pair, count_outcomes, pair_up
from zhinvest.evaluation.resampling import compare
from zhinvest.evaluation.scores import Reading, scores, scores_row, strict_counts
from zhinvest.evaluation.slices import slices
from zhinvest.evaluation.views import VIEWS, Tally, add_tallies, view_article
from zhinvest.labels import LABELS
from zhinvest.normalise import normalise
from zhinvest.scorer import Span, count_spans

NOTHING: Final = "nothing"
"""The label, in the confusion matrix, of a missed or a spurious span's other side."""

Surfaces = set[tuple[str, str]]
"""Surfaces in reading form with their labels: `zhinvest.evaluation.slices.surfaces`."""


def measure(readings: Sequence[Reading], training: Surfaces | None = None) -> dict[str, Any]:
    """Return every measure of what a pipeline read.

    Args:
        readings: The gold articles with the spans found in them.
        training: The surfaces that the pipeline was trained on, to tell seen from unseen ones.

    Raises:
        ValueError: there is no article.
    """
    pairs = pairs_of(readings)
    outcomes = count_outcomes(pairs)
    return {
        "articles": len(readings),
        "characters": sum(len(reading.document.text) for reading in readings),
        "strict": scores_row(scores(strict_counts(readings))),
        "views": {view: _view(readings, view) for view in VIEWS},
        "errors": {
            label: {outcome.value: count[outcome] for outcome in Outcome}
            for label, count in sorted(outcomes.items(), key=lambda item: _rank(item[0]))
        },
        "confusion": confusion(pairs),
        "slices": _slices(readings),
        "seen": _seen(readings, training) if training is not None else None,
        "comparison": None,
    }


def pairs_of(readings: Sequence[Reading]) -> list[list[Pair]]:
    """Return the matched spans of each article."""
    return [pair_up(reading.document.ents, reading.predicted) for reading in readings]


def confusion(articles: Sequence[Sequence[Pair]]) -> dict[str, Any]:
    """Return labels and matrix: rows gold, columns predicted, NOTHING the last of each."""
    pairs = [pair for article in articles for pair in article]
    gold = [pair.gold[2] if pair.gold else NOTHING for pair in pairs]
    predicted = [pair.predicted[2] if pair.predicted else NOTHING for pair in pairs]
    labels = [*LABELS, *sorted({*gold, *predicted} - {*LABELS, NOTHING}), NOTHING]
    if not pairs:
        return {"labels": labels, "matrix": [[0] * len(labels) for _ in labels]}
    return {"labels": labels, "matrix": confusion_matrix(gold, predicted, labels=labels).tolist()}


def comparison(first: Sequence[Reading], second: Sequence[Reading]) -> dict[str, Any]:
    """Return the paired test of two pipelines on the same articles: first less second."""
    differences = compare(strict_counts(first), strict_counts(second))
    return {label: asdict(difference) for label, difference in differences.items()}


def _view(readings: Sequence[Reading], view: str) -> dict[str, dict[str, float]]:
    articles = [view_article(r.document.ents, r.predicted, view) for r in readings]
    return {label: _tally(tally) for label, tally in add_tallies(articles).items()}


def _tally(tally: Tally) -> dict[str, float]:
    return {"p": tally.precision, "r": tally.recall, "f": tally.f1, "support": tally.gold}


def _slices(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    for reading in readings:
        for dimension, name in slices(reading.document).items():
            groups[dimension][name].append(reading)
    return {
        dimension: {name: _slice(members) for name, members in sorted(named.items())}
        for dimension, named in groups.items()
    }


def _slice(readings: Sequence[Reading]) -> dict[str, Any]:
    row = scores_row(scores(strict_counts(readings)))
    return {"articles": len(readings), "strict": row}


def _seen(readings: Sequence[Reading], training: Surfaces) -> dict[str, Any]:
    """Return strict scores of the spans whose surface was in training, and of the others."""

    def select(reading: Reading, wanted: bool) -> Callable[[Span], bool]:
        text = reading.document.text
        return lambda span: ((normalise(text[span[0] : span[1]]), span[2]) in training) is wanted

    def counted(wanted: bool) -> Any:
        chosen = [(select(r, wanted), r) for r in readings]
        return [
            count_spans(filter(keep, r.document.ents), filter(keep, r.predicted))
            for keep, r in chosen
        ]

    return {
        name: scores_row(scores(counted(wanted)))
        for name, wanted in (("seen", True), ("unseen", False))
    }


def _rank(label: str) -> tuple[int, str]:
    return (LABELS.index(label) if label in LABELS else len(LABELS), label)
