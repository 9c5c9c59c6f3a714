"""The table of README.md, written from the metrics of the released pipelines.

`python -m training.readme --help`
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from training.commands import run
from zhinvest.files import write_text
from zhinvest.labels import LABELS

BEGIN: Final = "<!-- table:begin -->"
END: Final = "<!-- table:end -->"


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where the table is not current.")
    ] = False,
    readme: Annotated[Path, typer.Option(help="The file that holds the table.")] = Path(
        "README.md"
    ),
    models: Annotated[Path, typer.Option(help="Folder of the released pipelines.")] = Path(
        "models"
    ),
) -> None:
    """Write the table of F1 by pipeline, gold set and label."""
    refresh(readme, table(models), "training.readme", check=check)


def refresh(path: Path, rows: Iterable[str], module: str, *, check: bool) -> None:
    """Write `rows` between the marks in the file `path`, or only check that they stand there.

    Raises:
        typer.Exit: with code 1, in a check, where they do not; the message names `module`.
    """
    text = path.read_text(encoding="utf-8")
    current = with_table(text, "\n".join(rows))
    if check and current != text:
        typer.echo(f"{path}: the table is not current; run python -m {module}", err=True)
        raise typer.Exit(1)
    if current != text:
        write_text(path, current)
        typer.echo(f"wrote {path}")


def with_table(text: str, rows: str) -> str:
    """Return `text` with `rows` between the two marks.

    Raises:
        ValueError: the marks are missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"needs {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{rows}\n{END}{after}"


def table(models: Path) -> Iterator[str]:
    """Yield the lines of the table: one for each gold set and pipeline."""
    columns = (*LABELS, "micro")
    yield f"| gold set | pipeline | {' | '.join(columns)} |"
    yield f"|---|---|{'---|' * len(columns)}"
    metrics = {path.parent.name: _read(path) for path in sorted(models.glob("*/metrics.json"))}
    gold_sets = list(dict.fromkeys(gold for scores in metrics.values() for gold in scores))
    for gold in gold_sets:
        for name, scores in metrics.items():
            if gold in scores:
                cells = " | ".join(_cell(scores[gold][column]) for column in columns)
                yield f"| {gold} | {name} | {cells} |"


def _cell(score: dict[str, float]) -> str:
    return f"{score['f']:.3f} ({score['low']:.3f}-{score['high']:.3f})"


def _read(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    data: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return data


if __name__ == "__main__":
    run(main)
