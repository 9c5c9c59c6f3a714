"""Strict precision, recall and F1 of a pipeline on gold articles, with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from rich.table import Table
from rich.text import Text
from spacy.language import Language

from zhinvest.documents import Document
from zhinvest.evaluation.resampling import MACRO, ArticleCounts, intervals
from zhinvest.reading import read_texts
from zhinvest.scorer import MICRO, Counts, Span, count_spans, total


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 as fractions, number of gold spans, and the interval of F1."""

    p: float
    r: float
    f: float
    support: int
    low: float
    high: float


@dataclass(frozen=True)
class Reading:
    """A gold article and the spans that a pipeline found in it."""

    document: Document
    predicted: Sequence[Span]


def read_gold(nlp: Language, gold: Sequence[Document], batch_size: int = 32) -> list[Reading]:
    """Run `nlp` on the texts of the gold articles."""
    predictions = read_texts(nlp, [document.text for document in gold], batch_size=batch_size)
    return [Reading(*pair) for pair in zip(gold, predictions, strict=True)]


def evaluate(nlp: Language, gold: Sequence[Document], batch_size: int = 32) -> dict[str, Score]:
    """Run `nlp` on the articles and return a Score for each label, for `micro` and `macro`.

    Raises:
        ValueError: there is no article.
    """
    return scores(strict_counts(read_gold(nlp, gold, batch_size)))


def strict_counts(readings: Sequence[Reading]) -> ArticleCounts:
    """Return the strict counts of each article."""
    return [count_spans(reading.document.ents, reading.predicted) for reading in readings]


def scores(articles: ArticleCounts) -> dict[str, Score]:
    """Return a Score for each label, for `micro`, and for `macro`, the mean of the labels.

    Raises:
        ValueError: there is no article.
    """
    totals = total(articles)
    bounds = intervals(articles, [*totals, MACRO])
    by_label = {label: _score(counts, bounds[label]) for label, counts in totals.items()}
    return by_label | {MACRO: _macro(by_label, bounds[MACRO])}


def _score(counts: Counts, bounds: tuple[float, float]) -> Score:
    return Score(counts.precision, counts.recall, counts.f1, counts.gold, *bounds)


def _macro(by_label: dict[str, Score], bounds: tuple[float, float]) -> Score:
    """Return the mean over the labels that the gold articles have."""
    present = [score for label, score in by_label.items() if label != MICRO and score.support]
    p, r, f = (fmean([getattr(score, key) for score in present] or [0.0]) for key in "prf")
    return Score(p, r, f, by_label[MICRO].support, *bounds)


def scores_row(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    """Return the scores as plain JSON."""
    return {label: asdict(score) for label, score in scores.items()}


def scores_table(scores: dict[str, Score], title: str) -> Table:
    """Return the scores as a table for the terminal."""
    table = Table(title=Text(title))
    table.add_column("label")
    for heading in ("P", "R", "F1", "95 % interval", "support"):
        table.add_column(heading, justify="right")
    for label, s in scores.items():
        cells = (f"{s.p:.3f}", f"{s.r:.3f}", f"{s.f:.3f}", f"{s.low:.3f} - {s.high:.3f}")
        table.add_row(label, *cells, str(s.support), end_section=label == "CAPACITY")
    return table
