"""The tables of README.md and models/BENCHMARK.md, from the results of the benchmark.

`python -m training.readme --help`
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from training.benchmark.results import RESULT
from training.benchmark.tables import details, summary
from training.commands import run
from zhinvest.files import write_text

BEGIN: Final = "<!-- table:begin -->"
END: Final = "<!-- table:end -->"


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where the table is not current.")
    ] = False,
    results: Annotated[Path, typer.Option(help="JSON of `training.benchmark`.")] = RESULT,
    readme: Annotated[Path, typer.Option(help="The file with the summary.")] = Path("README.md"),
    benchmark: Annotated[Path, typer.Option(help="The file with the details.")] = Path(
        "models/BENCHMARK.md"
    ),
) -> None:
    """Write the table of F1 and speed by system, and the details."""
    found = json.loads(results.read_text(encoding="utf-8"))
    refresh(readme, summary(found), "training.readme", check=check)
    refresh(benchmark, details(found), "training.readme", check=check)


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


if __name__ == "__main__":
    run(main)
