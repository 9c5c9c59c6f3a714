"""How good a pipeline is on gold articles: strict F1 per label with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text
from spacy.language import Language

from zhinvest.documents import Document
from zhinvest.reading import read_texts
from zhinvest.scorer import Counts, count_spans, intervals, total


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 as fractions, number of gold spans, and the interval of F1."""

    p: float
    r: float
    f: float
    support: int
    low: float
    high: float


def evaluate(nlp: Language, gold: Sequence[Document], batch_size: int = 32) -> dict[str, Score]:
    """Run `nlp` on the articles and return a Score for each label and for `micro`.

    Raises:
        ValueError: there is no article.
    """
    predictions = read_texts(nlp, [document.text for document in gold], batch_size=batch_size)
    pairs = zip(gold, predictions, strict=True)
    articles = [count_spans(document.ents, spans) for document, spans in pairs]
    totals = total(articles)
    bounds = intervals(articles, totals)
    return {label: _score(counts, bounds[label]) for label, counts in totals.items()}


def _score(counts: Counts, bounds: tuple[float, float]) -> Score:
    return Score(counts.precision, counts.recall, counts.f1, counts.gold, *bounds)


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
