"""The picture of the corpus card: `python -m training.plots --help`."""

import io
from collections import Counter
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import typer
from matplotlib.figure import Figure

from training.commands import run
from zhinvest.documents import Document, read_documents
from zhinvest.files import write_bytes
from zhinvest.labels import COLOURS, LABELS


def main(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = Path("corpus"),
) -> None:
    """Draw the entities of each kind of article."""
    mpl.rcParams["svg.hashsalt"] = "zhinvest"
    articles = read_documents(corpus / "articles.jsonl")
    _save(entities_by_kind(articles), corpus / "plots" / "kinds.svg")


def entities_by_kind(articles: list[Document]) -> Figure:
    """Draw a stacked bar of entities for each 1,000 characters of every kind of article."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.add_subplot()
    kinds = sorted({article.meta["kind"] for article in articles})
    below = [0.0] * len(kinds)
    for label in LABELS:
        rates = [_rate([a for a in articles if a.meta["kind"] == kind], label) for kind in kinds]
        axes.barh(kinds, rates, left=below, color=COLOURS[label], label=label)
        below = [b + rate for b, rate in zip(below, rates, strict=True)]
    axes.set_xlabel("entities in 1,000 characters")
    axes.legend()
    return figure


def _rate(articles: list[Document], label: str) -> float:
    count = Counter(name for article in articles for _, _, name in article.ents)[label]
    return 1000 * count / sum(len(article.text) for article in articles)


def _save(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    write_bytes(path, buffer.getvalue())
    typer.echo(f"wrote {path}")


if __name__ == "__main__":
    run(main)
