"""The pictures of the corpus card: `python -m training.plots --help`."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from matplotlib.figure import Figure

from training.commands import run
from zhinvest.documents import Document, read_documents
from zhinvest.evaluation.plots import svg
from zhinvest.files import write_text
from zhinvest.labels import COLOURS, LABELS

_PART: Final = "authored-"
_LINES: Final = ("--", ":", "-.")


def main(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = Path("corpus"),
) -> None:
    """Draw the entities of each kind of article, and the learning curve."""
    figures = {"kinds": entities_by_kind(read_documents(corpus / "articles.jsonl"))}
    curve = json.loads((corpus / "curve.json").read_text(encoding="utf-8"))
    figures["curve"] = learning_curve(curve["runs"])
    for name, figure in figures.items():
        path = corpus / "plots" / f"{name}.svg"
        write_text(path, svg(figure))
        typer.echo(f"wrote {path}")


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


def learning_curve(runs: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw micro F1 against the share of the corpus; other training sets are level lines."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.add_subplot()
    scores = {name: result["micro"] for name, result in runs.items()}
    shares = {name: int(name.removeprefix(_PART)) for name in scores if name.startswith(_PART)}
    parts = [scores[name] for name in shares]
    axes.plot(list(shares.values()), parts, marker="o", label="authored corpus")
    for number, name in enumerate(name for name in scores if name not in shares):
        style = _LINES[number % len(_LINES)]
        axes.axhline(scores[name], linestyle=style, color="grey", label=name)
    axes.set_xlabel("per cent of the authored corpus")
    axes.set_ylabel("micro F1 on web dev")
    axes.legend()
    return figure


def _rate(articles: list[Document], label: str) -> float:
    count = Counter(name for article in articles for _, _, name in article.ents)[label]
    return 1000 * count / sum(len(article.text) for article in articles)


if __name__ == "__main__":
    run(main)
