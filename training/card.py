"""The figures of the corpus card, `corpus/README.md`: `python -m training.card --help`."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from training.commands import run
from training.readme import refresh
from zhinvest.documents import Document, read_documents
from zhinvest.labels import LABELS


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where the card is not current.")
    ] = False,
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = Path("corpus"),
) -> None:
    """Write counts, distinct surfaces, agreement and learning curve into the corpus card."""
    refresh(corpus / "README.md", figures(corpus), "training.card", check=check)


def figures(corpus: Path) -> Iterator[str]:
    """Yield the lines of all tables."""
    articles = read_documents(corpus / "articles.jsonl")
    yield from _counts("kind", articles)
    yield from _counts("script", articles)
    yield from _regions(articles)
    yield from _surfaces(articles)
    yield from _agreement(json.loads((corpus / "agreement/agreement.json").read_text("utf-8")))
    yield from _curve(json.loads((corpus / "curve.json").read_text("utf-8")))


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)
        yield f"| {' | '.join(cells)} |"


def _counts(key: str, articles: Sequence[Document]) -> Iterator[str]:
    groups = sorted({article.meta[key] for article in articles})
    rows = [_row(name, [a for a in articles if a.meta[key] == name]) for name in groups]
    header = (key, "articles", "characters", *LABELS)
    return _table(header, [*rows, _row("all", articles)])


def _row(name: str, articles: Sequence[Document]) -> list[Any]:
    labels = Counter(label for article in articles for _, _, label in article.ents)
    characters = sum(len(article.text) for article in articles)
    return [name, len(articles), characters, *(labels[label] for label in LABELS)]


def _regions(articles: Sequence[Document]) -> Iterator[str]:
    regions = Counter(region for article in articles for region in article.meta["region"])
    industries = {article.meta["industry"] for article in articles}
    shown = ", ".join(f"{region} {count}" for region, count in regions.most_common())
    yield ""
    yield f"{len(industries)} industries; {len(regions)} regions: {shown}."


def _surfaces(articles: Sequence[Document]) -> Iterator[str]:
    distinct: dict[str, set[str]] = {label: set() for label in LABELS}
    for article in articles:
        for start, end, label in article.ents:
            distinct[label].add(article.text[start:end])
    return _table(("distinct surfaces", *LABELS), [["", *(len(distinct[k]) for k in LABELS)]])


def _agreement(agreement: dict[str, Any]) -> Iterator[str]:
    columns = (*LABELS, "micro")
    row = [agreement["articles"], *(f"{agreement['f1'][c]:.3f}" for c in columns)]
    return _table(("articles annotated twice", *columns, "kappa"), [[*row, agreement["kappa"]]])


def _curve(curve: dict[str, Any]) -> Iterator[str]:
    columns = (*LABELS, "micro")
    rows = [
        [name, run["articles"], run["characters"], *(f"{run[c]:.3f}" for c in columns)]
        for name, run in curve["runs"].items()
    ]
    header = (f"trained on ({curve['steps']:,} steps)", "articles", "characters", *columns)
    return _table(header, rows)


if __name__ == "__main__":
    run(main)
