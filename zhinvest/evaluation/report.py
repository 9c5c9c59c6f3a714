"""The report of `zhinvest evaluate --report`: metrics.json, report.md and report.html."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jinja2
from matplotlib.figure import Figure

from zhinvest import __version__
from zhinvest.evaluation import plots
from zhinvest.evaluation.matching import ERRORS, Outcome, Pair
from zhinvest.evaluation.metrics import NOTHING, pairs_of
from zhinvest.evaluation.scores import Reading
from zhinvest.files import shown, write_text
from zhinvest.labels import COLOURS
from zhinvest.scorer import Span

CONTEXT: Final = 40
"""Characters of text shown on either side of an error."""

_TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Report:
    """What a report shows: names of pipeline and gold file, the measures, and the readings."""

    model: str
    gold: str
    metrics: dict[str, Any]
    readings: Sequence[Reading]
    other: str | None = None
    """The pipeline that `metrics["comparison"]` compares with."""
    curve: dict[str, Any] = field(default_factory=dict)
    """The runs of `training.curve` by name, where they are known."""


def write_report(report: Report, folder: Path) -> None:
    """Write metrics.json, report.md and report.html, which needs no other file, to `folder`."""
    facts = {"model": report.model, "gold": report.gold, "library": __version__}
    text = json.dumps(facts | report.metrics, ensure_ascii=False, indent=2) + "\n"
    write_text(folder / "metrics.json", shown(text))
    write_text(folder / "report.md", shown(_render("report.md.jinja", report)))
    write_text(folder / "report.html", shown(_render("report.html.jinja", report)))


def error_rows(readings: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    """Yield every error with the text around it, in the order of the articles.

    `gold` and `predicted` are lists of (text, label or None) pieces that join to one context.
    """
    for reading, pairs in zip(readings, pairs_of(readings), strict=True):
        for pair in pairs:
            if pair.outcome is not Outcome.CORRECT:
                yield _error_row(reading, pair)


def _error_row(reading: Reading, pair: Pair) -> dict[str, Any]:
    spans = [span for span in (pair.gold, pair.predicted) if span]
    text = reading.document.text
    start = max(0, min(span[0] for span in spans) - CONTEXT)
    end = min(len(text), max(span[1] for span in spans) + CONTEXT)
    return {
        "id": reading.document.id,
        "offset": pair.start,
        "outcome": pair.outcome.value,
        "labels": sorted({span[2] for span in spans}),
        "gold": _pieces(text, start, end, pair.gold),
        "predicted": _pieces(text, start, end, pair.predicted),
    }


def _pieces(text: str, start: int, end: int, span: Span | None) -> list[tuple[str, str | None]]:
    if span is None:
        return [(text[start:end], None)]
    return [
        (text[start : span[0]], None),
        (text[span[0] : span[1]], span[2]),
        (text[span[1] : end], None),
    ]


def _figures(report: Report) -> dict[str, Figure]:
    metrics = report.metrics
    figures = {
        "F1 by label, with 95 % intervals": plots.scores_by_label(metrics["strict"]),
        "Errors by class": plots.errors_by_label(metrics["errors"]),
        "Confusion": plots.confusion_by_label(**metrics["confusion"]),
    }
    if report.curve:
        figures["F1 by size of the training set"] = plots.f1_by_size(report.curve)
    return figures


def _render(template: str, report: Report) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=template.startswith("report.html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: dict[str, Any] = {}
    if environment.autoescape:
        page["pictures"] = {title: plots.svg(figure) for title, figure in _figures(report).items()}
        page["errors"] = list(error_rows(report.readings))
    return environment.get_template(template).render(
        report=report,
        metrics=report.metrics,
        outcomes=[error.value for error in ERRORS],
        labels=[name for name in report.metrics["confusion"]["labels"] if name != NOTHING],
        colours=COLOURS,
        version=__version__,
        **page,
    )
