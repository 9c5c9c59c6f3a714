"""The command line: `zhinvest annotate` and `zhinvest evaluate`."""

import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
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
from zhinvest.documents import CorpusError, read_documents
from zhinvest.evaluate import evaluate, scores_row, scores_table
from zhinvest.files import write_text
from zhinvest.output import html_page, to_html, to_json, to_table
from zhinvest.reading import read_texts
from zhinvest.scorer import Span
from zhinvest.sources import STDIN, Article, Problem, find_files, read_articles

DEFAULT_MODEL: Final = "zh_ent_invest_sm"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Read Chinese industrial-investment news: organisations, places, money, capacity.",
)


class Format(StrEnum):
    """What `zhinvest annotate` writes."""

    table = "table"
    jsonl = "jsonl"
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
    inputs: Annotated[
        list[str] | None,
        typer.Argument(help="Text, JSONL and HTML files, folders, - for standard input."),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    output_format: Annotated[Format, typer.Option("--format", "-f")] = Format.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output if none.")
    ] = None,
) -> None:
    """Find the entities of articles.

    Files may be UTF-8 (with or without byte-order mark), UTF-16 with its mark, or GB18030. An
    input that cannot be read is reported and does not stop the others; the exit code is then 1.
    """
    nlp = load_pipeline(model, exclude=["words"])
    problems: list[Problem] = []
    articles = _readable(_inputs(inputs or [STDIN]), problems)
    _write(_annotated(nlp, articles), output_format, output)
    for problem in problems:
        typer.echo(f"{problem.where}: {problem.reason}", err=True)
    raise typer.Exit(1 if problems else 0)


@app.command(name="evaluate")
def evaluate_command(
    model: Annotated[str, typer.Argument(help="Installed pipeline, or the folder of one.")],
    gold: Annotated[Path, typer.Argument(help="JSONL file of gold articles.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the scores to this JSON file too.")
    ] = None,
) -> None:
    """Measure strict F1 on gold articles: same start, same end, same label.

    The interval holds 95 % of the F1 of 1,000 samples of the articles, drawn with replacement.
    """
    try:
        documents = read_documents(gold)
    except CorpusError as error:
        raise _fail(str(error)) from error
    if not documents:
        raise _fail(f"{gold}: holds no article")
    scores = evaluate(load_pipeline(model, exclude=["words"]), documents)
    row = json.dumps(scores_row(scores), indent=2)
    if output:
        _save(output, row + "\n")
    if as_json:
        typer.echo(row)
    else:
        Console().print(scores_table(scores, f"{model} on {gold}"))


def load_pipeline(model: str, exclude: Sequence[str] = ()) -> Language:
    """Load a pipeline by name or folder; a clear message and exit code 2 where it cannot be."""
    try:
        return spacy.load(model, exclude=list(exclude))
    except (OSError, ValueError, ImportError, AttributeError) as error:
        raise _fail(f"cannot load the pipeline {model!r}: {error}", code=2) from error


def _fail(message: str, code: int = 1) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)


def _save(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        raise _fail(f"{path}: {error.strerror or error}") from error


def _inputs(names: list[str]) -> Iterator[Article | Problem]:
    files = list(find_files(names))
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
    text = "".join(_rendered(annotated, output_format))
    if output is None:
        typer.echo(text.encode("utf-8"), nl=False)
    else:
        _save(output, text)


def _rendered(
    annotated: Iterator[tuple[Article, list[Span]]], output_format: Format
) -> Iterator[str]:
    if output_format is Format.jsonl:
        yield from (to_json(*pair) + "\n" for pair in annotated)
    elif output_format is Format.html:
        yield html_page([to_html(*pair) for pair in annotated])
    else:
        page = StringIO()
        console = Console(file=page, width=120, color_system=None)
        for pair in annotated:
            console.print(to_table(*pair))
        yield page.getvalue()
