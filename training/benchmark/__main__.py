"""The benchmark: `python -m training.benchmark --help`.

Results are gathered in one JSON file, so that accuracy, speed and growth can be measured apart.
"""

import json
import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from training.benchmark.accuracy import comparison_rows, readings_of, score_rows
from training.benchmark.plots import draw_growth
from training.benchmark.results import RESULT, merge
from training.benchmark.speed import measure_growth, measure_speed, take
from training.benchmark.systems import (
    WORK,
    Environments,
    System,
    UnavailableError,
    read_systems,
)
from training.benchmark.tables import details, summary
from training.commands import run
from zhinvest import __version__
from zhinvest.documents import read_documents
from zhinvest.evaluation.resampling import ArticleCounts

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

OnlyOption = Annotated[
    list[str] | None,
    typer.Option(help="Name of a system besides the first; repeatable; all if none."),
]
WorkOption = Annotated[Path, typer.Option(help="Folder for the environments of the systems.")]
OutputOption = Annotated[Path, typer.Option(help="JSON file of the results, which is added to.")]
RoundsOption = Annotated[int, typer.Option(help="Rounds in which every system takes its turn.")]
TextsOption = Annotated[Path, typer.Option(help="JSONL whose texts are read.")]


@app.command()
def accuracy(
    gold: Annotated[list[str], typer.Argument(help="NAME=FILE of gold articles.")],
    only: OnlyOption = None,
    work: WorkOption = WORK,
    output: OutputOption = RESULT,
) -> None:
    """Measure strict F1 of every system on the same articles, each label against the first."""
    environments = Environments(work)
    systems = available(environments, only, output)
    for name, _, path in (item.partition("=") for item in gold):
        documents = read_documents(Path(path))
        texts = [document.text for document in documents]
        found: dict[str, Any] = {}
        first: ArticleCounts | None = None
        for system in systems:
            reading = environments.run(system, texts)
            for title, articles in readings_of(system, documents, reading).items():
                first = first or articles
                found[title] = {
                    "strict": score_rows(system, articles),
                    "less than the first": comparison_rows(system, first, articles),
                }
        merge(output, {"accuracy": {name: found}}, depth=2)


@app.command()
def speed(
    texts: TextsOption,
    characters: Annotated[int, typer.Option(help="Length of the text that is read.")] = 20_000,
    rounds: RoundsOption = 5,
    only: OnlyOption = None,
    work: WorkOption = WORK,
    output: OutputOption = RESULT,
) -> None:
    """Measure speed, memory, load time and size of every system."""
    environments = Environments(work)
    systems = available(environments, only, output)
    given = take([document.text for document in read_documents(texts)], characters)
    rows = measure_speed(systems, environments, given, rounds)
    sizes = {system.name: round(environments.size_mb(system)) for system in systems}
    merge(output, {"machine": machine(), "speed": rows, "installed_mb": sizes})


@app.command()
def growth(
    texts: TextsOption,
    rounds: RoundsOption = 3,
    only: OnlyOption = None,
    work: WorkOption = WORK,
    output: OutputOption = RESULT,
) -> None:
    """Measure how time grows with the text, in one document and in many, and draw it."""
    environments = Environments(work)
    given = [document.text for document in read_documents(texts)]
    rows = {
        system.name: measure_growth(system, environments, given, rounds)
        for system in available(environments, only, output)
    }
    merge(output, {"growth": rows})
    results = json.loads(output.read_text(encoding="utf-8"))
    draw_growth(results["growth"], output.with_name("growth.svg"))


@app.command()
def show(output: OutputOption = RESULT) -> None:
    """Print the tables of the results."""
    results = json.loads(output.read_text(encoding="utf-8"))
    typer.echo("\n".join([*summary(results), "", *details(results)]))


def available(environments: Environments, only: list[str] | None, output: Path) -> list[System]:
    """Return the systems that can be installed and read a text; the others are noted, with why.

    The first of all, with which others are compared, is always among those that are tried.

    Raises:
        typer.BadParameter: `only` names a system that the list has not, or none can be had.
    """
    systems = read_systems()
    if unknown := set(only or []) - {system.name for system in systems}:
        raise typer.BadParameter(f"no system {', '.join(sorted(unknown))}")
    found, lacking = [], {}
    for system in systems:
        if only and system.name not in (*only, systems[0].name):
            continue
        try:
            environments.run(system, ["常州市投资12亿元。"])
            found.append(system)
        except UnavailableError as error:
            lacking[system.name] = str(error)
            typer.echo(f"{system.name}: cannot be had: {error}", err=True)
    can_be_had = dict.fromkeys(system.name for system in found)
    merge(output, {"not available": {**can_be_had, **lacking}})
    if not found:
        raise typer.BadParameter(f"no system can be had: {'; '.join(lacking.values())}")
    return found


def machine() -> dict[str, Any]:
    """Return what speed depends on."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "zhinvest": __version__,
    }


if __name__ == "__main__":
    run(app)
