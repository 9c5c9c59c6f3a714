"""How well figures are read: `python -m training.figures --help`.

The gold readings stand in files of rows `{"id", "start", "end", "label", "readings"}`, whose
offsets refer to the gold articles.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from training.benchmark.results import RESULT, merge
from training.benchmark.systems import WORK, Environments, System, UnavailableError
from training.commands import run
from zhinvest.documents import CorpusError, read_documents, read_rows
from zhinvest.figures import Figure, read_figure
from zhinvest.figures.reading import FIGURE_KEYS

ROUNDS: Final = 5
GROSS: Final = 10
_GOLD_KEYS: Final = ("id", "start", "end", "label", "readings")
PEERS: Final = (
    System("jionlp", "jio_values", ["MONEY"], ["jionlp==1.5.31"]),
    System(
        "Recognizers-Text",
        "recognizers_values",
        ["MONEY"],
        ["recognizers-text-suite==1.0.2a2", "emoji<1"],
    ),
)
"""Other readers of amounts, run on the spans of the gold."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@dataclass(frozen=True)
class GoldFigure:
    """A gold span of an article, and what it means."""

    text: str
    start: int
    end: int
    label: str
    readings: list[Figure]

    @property
    def surface(self) -> str:
        """The span as it stands in the text."""
        return self.text[self.start : self.end]

    @property
    def found(self) -> list[Figure]:
        """What the library reads."""
        return read_figure(self.text, self.start, self.end, self.label)


@app.command()
def evaluate(
    articles: Annotated[Path, typer.Argument(help="JSONL of the gold articles.")],
    gold: Annotated[Path, typer.Argument(help="JSONL of the gold readings.")],
    show: Annotated[bool, typer.Option("--show", help="Print what is read otherwise.")] = False,
) -> None:
    """Print the share of spans read exactly, key by key, and how fast."""
    figures = read_gold(articles, gold)
    wrong = [figure for figure in figures if figure.found != figure.readings]
    if show:
        for figure in wrong:
            context = figure.text[max(0, figure.start - 20) : figure.end + 10].replace("\n", " ")
            typer.echo(f"{context}\n  gold  {figure.readings}\n  found {figure.found}")
    row = {"spans": len(figures), **shares(figures), "spans a second": speed(figures)}
    typer.echo(json.dumps(row, indent=2))


@app.command()
def peers(
    articles: Annotated[Path, typer.Argument(help="JSONL of the gold articles.")],
    gold: Annotated[Path, typer.Argument(help="JSONL of the gold readings.")],
    work: Annotated[Path, typer.Option(help="Folder for environments.")] = WORK,
    output: Annotated[Path, typer.Option(help="JSON of the benchmark, added to.")] = RESULT,
) -> None:
    """Compare value and currency of the MONEY spans with those that other libraries read."""
    amounts = [figure for figure in read_gold(articles, gold) if figure.label == "MONEY"]
    rows = {"zhinvest": peer_row(amounts, [_values(figure.found) for figure in amounts])}
    environments = Environments(work)
    for system in PEERS:
        try:
            found = environments.run(system, [figure.surface for figure in amounts]).spans
            rows[system.name] = peer_row(amounts, [list(map(tuple, values)) for values in found])
        except UnavailableError as error:
            typer.echo(f"{system.name}: cannot be had: {error}", err=True)
    merge(output, {"figures": rows})
    typer.echo(json.dumps(rows, indent=2))


@app.command()
def agreement(
    first: Annotated[Path, typer.Argument(help="JSONL of readings.")],
    second: Annotated[Path, typer.Argument(help="JSONL of other readings of some of the spans.")],
) -> None:
    """Print how many spans of the second file are read alike in the first."""
    one = {_key(row): row["readings"] for _, row in read_rows(first)}
    two = {_key(row): row["readings"] for _, row in read_rows(second)}
    common = one.keys() & two.keys()
    alike = sum(one[key] == two[key] for key in common)
    typer.echo(json.dumps({"spans": len(common), "alike": alike}))


def read_gold(articles: Path, gold: Path) -> list[GoldFigure]:
    """Read gold readings with the texts that they refer to.

    Raises:
        CorpusError: a row lacks a key, or belongs to no MONEY or CAPACITY span of its article.
    """
    documents = {document.id: document for document in read_documents(articles)}
    figures: list[GoldFigure] = []
    problems: list[str] = []
    for number, row in read_rows(gold):
        if lacking := [key for key in _GOLD_KEYS if key not in row]:
            problems.append(f"{gold}:{number}: lacks {', '.join(lacking)}")
            continue
        span = (row["start"], row["end"], row["label"])
        document = documents.get(row["id"])
        if document is None or span not in document.ents:
            problems.append(f"{gold}:{number}: no span {span} in article {row['id']!r}")
        else:
            figures.append(GoldFigure(document.text, *span, row["readings"]))
    if problems:
        raise CorpusError(problems)
    return figures


def shares(figures: Sequence[GoldFigure]) -> dict[str, float]:
    """Return the share of spans read exactly, and by key, and the number of gross errors."""
    counts: Counter[str] = Counter()
    for figure in figures:
        found = figure.found
        counts["exact"] += found == figure.readings
        counts["off by a factor of 10 or more"] += gross(figure.readings, found)
        for key in FIGURE_KEYS:
            counts[key] += [r[key] for r in found] == [r[key] for r in figure.readings]
    total = max(1, len(figures))
    return {
        **{key: round(counts[key] / total, 4) for key in ("exact", *FIGURE_KEYS)},
        "off by a factor of 10 or more": counts["off by a factor of 10 or more"],
    }


def gross(gold: Sequence[Figure], found: Sequence[Figure]) -> bool:
    """Say whether a value is wrong by a factor of ten or more."""
    pairs = [
        (Decimal(a), Decimal(b))
        for one, other in zip(gold, found, strict=False)
        for a, b in ((one["low"], other["low"]), (one["high"], other["high"]))
        if a is not None and b is not None
    ]
    return any(a != b and (not a or not b or max(a / b, b / a) >= GROSS) for a, b in pairs)


def speed(figures: Sequence[GoldFigure]) -> int:
    """Return how many spans are read in a second of processor time, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for figure in figures:
            read_figure(figure.text, figure.start, figure.end, figure.label)
        best = min(best, time.process_time() - begun)
    return round(len(figures) / best)


def peer_row(
    amounts: Sequence[GoldFigure], found: Sequence[Sequence[tuple[Any, ...]]]
) -> dict[str, float]:
    """Return the shares of amounts whose values, and whose currency too, are right.

    Other libraries know no open ends: a value counts as right where the ends that the gold states
    are there.
    """
    values = currencies = 0
    for figure, readings in zip(amounts, found, strict=True):
        gold = _values(figure.readings)
        right = [(low, high) for low, high, _ in gold] == [(low, high) for low, high, _ in readings]
        values += right
        currencies += right and [code for *_, code in gold] == [code for *_, code in readings]
    total = max(1, len(amounts))
    return {
        "amounts": len(amounts),
        "value": round(values / total, 4),
        "value and currency": round(currencies / total, 4),
    }


def _values(readings: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return (low, high, unit) of each reading, an open end closed by the other."""
    return [(r["low"] or r["high"], r["high"] or r["low"], r["unit"]) for r in readings]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["id"], row["start"], row["end"]


if __name__ == "__main__":
    run(app)
