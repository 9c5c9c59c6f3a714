"""The command line: `zhinvest annotate`, `zhinvest figures` and `zhinvest evaluate`."""

import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Annotated, Final

import spacy
import typer
from rich.console import Console
from rich.progress import track
from spacy.language import Language

from zhinvest import __version__
from zhinvest.documents import CorpusError, Document, read_documents
from zhinvest.evaluation.scores import (
    Reading,
    read_gold,
    scores,
    scores_row,
    scores_table,
    strict_counts,
)
from zhinvest.evaluation.slices import surfaces
from zhinvest.figures.reading import FIGURE_LABELS
from zhinvest.files import decode, write_parts
from zhinvest.output import CSV_HEADER, csv_row, html_page, to_csv, to_html, to_json, to_table
from zhinvest.reading import read_texts
from zhinvest.scorer import Span
from zhinvest.sources import STDIN, SUFFIXES, Article, Problem, find_files, read_articles

DEFAULT_MODEL: Final = "zh_ent_invest_sm"

BESIDES: Final = ("words", "figures")
"""Components that are left out: no command shows words, and figures are read where they are."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Read Chinese industrial-investment news: organisations, places, money, capacity.",
)


class Format(StrEnum):
    """What `zhinvest annotate` writes."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    html = "html"


ModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Installed pipeline, or the folder of one.")
]


def _version(shown: bool) -> None:
    if shown:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if isinstance(sys.stdout, TextIOWrapper):  # tables show what the terminal lacks as escapes
        sys.stdout.reconfigure(errors="backslashreplace")


@app.command()
def annotate(
    context: typer.Context,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text, HTML and JSONL files, folders of them, - for standard input. "
            "Without inputs, standard input is read, unless it is a terminal."
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    output_format: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="table, jsonl (a row for each article), csv (a row for each entity), "
            "html (one page).",
        ),
    ] = Format.table,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, not an input; standard output if none given."
        ),
    ] = None,
) -> None:
    """Find the entities of articles, and read amounts and capacities as numbers.

    Files may be UTF-8 (with or without byte-order mark), UTF-16 with its mark,
    or GB18030. An input that cannot be read is reported and does not stop the
    others; the exit code is then 1.

    A line of JSONL (.jsonl, .ndjson, or standard input that begins with one)
    is an object with a string "text" and, optionally, an "id"; without one,
    file and line name the article.
    """
    if not inputs and sys.stdin.isatty():
        context.fail("no input: name files or folders, or - to type a text")
    names = inputs or [STDIN]
    files = list(find_files(names))
    if output:
        _refuse_input(output, names, files)
    nlp = load_pipeline(model, exclude=BESIDES)
    problems: list[Problem] = []
    articles = _readable(_inputs(files), problems)
    _write(_annotated(nlp, articles), output_format, output)
    for problem in problems:
        typer.echo(f"{problem.where}: {problem.reason}", err=True)
    raise typer.Exit(1 if problems else 0)


@app.command(name="figures")
def figures_command(
    text: Annotated[str, typer.Argument(help="A sentence or so.")],
    model: ModelOption = DEFAULT_MODEL,
) -> None:
    """Show the amounts and capacities of a text as numbers, for a quick look."""
    (spans,) = read_texts(load_pipeline(model, exclude=BESIDES), [text])
    figures = [span for span in spans if span[2] in FIGURE_LABELS]
    Console().print(to_table(Article("figures", text), figures))


@app.command(name="evaluate")
def evaluate_command(
    model: Annotated[str, typer.Argument(help="Installed pipeline, or the folder of one.")],
    gold: Annotated[Path, typer.Argument(help="JSONL file of gold articles.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the scores to this JSON file too.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write metrics.json, report.md and report.html to this folder."),
    ] = None,
    training: Annotated[
        list[Path] | None,
        typer.Option(help="JSONL that was trained on, to tell seen names from unseen; repeatable."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="A second pipeline, compared on the same articles.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(help="JSON of `training.curve`, drawn into the report.")
    ] = None,
) -> None:
    """Measure strict F1 on gold articles: same start, same end, same label.

    The interval holds 95 % of the F1 of 1,000 samples of the articles, drawn with replacement.
    With --report also looser views, classes of error, slices, and every error in its context;
    --training, --against and --curve add to the report, which needs the extra `report` of zhinvest.
    """
    if output:
        read = [gold, *(training or []), *([curve] if curve else [])]
        _refuse_input(output, [], map(str, read))
    documents = _gold(gold)
    if report is None and (training or against or curve):
        raise _fail("--training, --against and --curve add to a report: give --report", code=2)
    if report:
        _check_report_extra()
    known = surfaces([d for path in training for d in _gold(path)]) if training else None
    runs = _runs(curve) if curve else {}
    nlp = load_pipeline(model, exclude=BESIDES)
    other = load_pipeline(against, exclude=BESIDES) if against else None
    readings = read_gold(nlp, documents)
    measured = scores(strict_counts(readings))
    row = json.dumps(scores_row(measured), indent=2)
    if report:
        rival = read_gold(other, documents) if other else []
        _report(report, (model, str(gold), against), readings, rival, known, runs)
    if output:
        _save(output, [row + "\n"])
    if as_json:
        typer.echo(row)
    else:
        Console().print(scores_table(measured, f"{model} on {gold}"))


def _gold(path: Path) -> list[Document]:
    try:
        documents = read_documents(path)
    except CorpusError as error:
        raise _fail(str(error)) from error
    if not documents:
        raise _fail(f"{path}: holds no article")
    return documents


def _check_report_extra() -> None:
    try:
        import zhinvest.evaluation.report  # noqa: F401
    except ImportError as error:
        raise _fail(f"a report needs zhinvest[report]: {error}", code=2) from error


def _runs(curve: Path) -> dict[str, dict[str, float]]:
    """Return the runs of the learning curve by name: characters trained on, and micro F1."""
    keys = ("characters", "micro")
    try:
        runs = json.loads(decode(curve.read_bytes()))["runs"]
        return {name: {key: float(run[key]) for key in keys} for name, run in runs.items()}
    except OSError as error:
        raise _fail(f"{curve}: {error.strerror or error}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _fail(f"{curve}: not the JSON of training.curve: {error!r}") from error


def _report(
    folder: Path,
    names: tuple[str, str, str | None],
    readings: list[Reading],
    rival: list[Reading],
    known: set[tuple[str, str]] | None,
    runs: dict[str, dict[str, float]],
) -> None:
    from zhinvest.evaluation.metrics import comparison, measure
    from zhinvest.evaluation.report import Report, write_report

    model, gold, against = names
    metrics = measure(readings, known)
    if against:
        metrics["comparison"] = comparison(readings, rival)
    try:
        write_report(Report(model, gold, metrics, readings, against, runs), folder)
    except OSError as error:
        raise _fail(f"{folder}: {error.strerror or error}") from error
    typer.echo(f"wrote {folder}", err=True)


def load_pipeline(model: str, exclude: Sequence[str] = ()) -> Language:
    """Load a pipeline by name or folder; a clear message and exit code 2 where it cannot be."""
    try:
        return spacy.load(model, exclude=list(exclude))
    except (OSError, ValueError, ImportError, AttributeError) as error:
        raise _fail(f"cannot load the pipeline {model!r}: {error}", code=2) from error


def _fail(message: str, code: int = 1) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)


def _save(path: Path, parts: Iterable[str]) -> None:
    try:
        write_parts(path, (part.encode("utf-8") for part in parts))
    except OSError as error:
        raise _fail(f"{path}: {error.strerror or error}") from error


def _refuse_input(output: Path, names: Iterable[str], files: Iterable[str | Problem]) -> None:
    """Exit with code 2 where `output` is one of `files`, or read with a folder of `names`."""
    target = _resolved(str(output))
    if target is None:
        return
    found = {_resolved(file) for file in files if isinstance(file, str) and file != STDIN}
    folders = {_resolved(name) for name in names if name != STDIN} & {*target.parents}
    if target in found or (folders and target.suffix.lower() in SUFFIXES):
        reason = "the output must not be an input as well; give it another name or folder"
        raise _fail(f"{output}: {reason}", code=2)


def _resolved(name: str) -> Path | None:
    """Return the path without links; None where the links go in a circle."""
    try:
        return Path(name).resolve()
    except RuntimeError:
        return None


def _inputs(files: Sequence[str | Problem]) -> Iterator[Article | Problem]:
    quiet = len(files) == 1
    bar = Console(stderr=True)
    for file in track(files, "reading", console=bar, transient=True, disable=quiet):
        if isinstance(file, Problem):
            yield file
        else:
            yield from read_articles(file)


def _readable(inputs: Iterator[Article | Problem], problems: list[Problem]) -> Iterator[Article]:
    for item in inputs:
        if isinstance(item, Problem):
            problems.append(item)
        else:
            yield item


def _annotated(nlp: Language, articles: Iterator[Article]) -> Iterator[tuple[Article, list[Span]]]:
    waiting: deque[Article] = deque()

    def texts() -> Iterator[str]:
        for article in articles:
            waiting.append(article)
            yield article.text

    for spans in read_texts(nlp, texts()):
        yield waiting.popleft(), spans


def _write(
    annotated: Iterator[tuple[Article, list[Span]]], output_format: Format, output: Path | None
) -> None:
    if output_format is Format.table and output is None:
        console = Console()
        for article, spans in annotated:
            console.print(to_table(article, spans))
        return
    parts = _rendered(annotated, output_format)
    if output:
        _save(output, parts)
        return
    if sys.stdout.isatty():  # all at the end, or rows and progress bar would mix
        parts = iter(["".join(parts)])
    for part in parts:
        typer.echo(part.encode("utf-8"), nl=False)


def _rendered(
    annotated: Iterator[tuple[Article, list[Span]]], output_format: Format
) -> Iterator[str]:
    if output_format is Format.jsonl:
        yield from (to_json(*pair) + "\n" for pair in annotated)
    elif output_format is Format.csv:
        yield csv_row(CSV_HEADER)
        yield from (to_csv(*pair) for pair in annotated)
    elif output_format is Format.html:
        yield html_page([to_html(*pair) for pair in annotated])
    else:
        page = StringIO()
        console = Console(file=page, width=120, color_system=None)
        for pair in annotated:
            console.print(to_table(*pair))
        yield page.getvalue()
