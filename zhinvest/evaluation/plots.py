"""The pictures of the report, as SVG, drawn by matplotlib from what `measure` returned."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zhinvest.evaluation.matching import ERRORS
from zhinvest.labels import COLOURS

_ERROR_COLOURS: Final = ("#7f9cc4", "#e0a458", "#b47aa5", "#c9c9c9", "#d46a6a")
_OTHER: Final = "#cccccc"
_DARK: Final = 0.5
"""A share of a row from which its cell is dark, and its text white."""


def scores_by_label(strict: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw F1 of every label with its 95 % interval."""
    figure, axes = _axes(6, 3)
    labels = list(strict)
    values = [strict[label]["f"] for label in labels]
    # Quantiles of samples need not hold the F1 of the whole, if only by a rounding error, and
    # matplotlib refuses a bar below zero.
    below = [max(0.0, strict[label]["f"] - strict[label]["low"]) for label in labels]
    above = [max(0.0, strict[label]["high"] - strict[label]["f"]) for label in labels]
    colours = [COLOURS.get(label, _OTHER) for label in labels]
    axes.bar(labels, values, color=colours, yerr=[below, above], capsize=4)
    axes.set_ylim(0, 1)
    axes.set_ylabel("strict F1")
    return figure


def errors_by_label(errors: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw the number of errors of every class, label by label."""
    figure, axes = _axes(6, 3)
    labels = list(errors)
    left = [0] * len(labels)
    for error, colour in zip(ERRORS, _ERROR_COLOURS, strict=True):
        counts = [errors[label].get(error.value, 0) for label in labels]
        axes.barh(labels, counts, left=left, color=colour, label=error.value)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("spans")
    axes.legend(fontsize="small")
    return figure


def confusion_by_label(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> Figure:
    """Draw the confusion matrix; a cell's shade is its share of the row."""
    figure, axes = _axes(6, 4)
    shares = [[cell / max(1, sum(row)) for cell in row] for row in matrix]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    for y, row in enumerate(matrix):
        for x, cell in enumerate(row):
            colour = "white" if shares[y][x] > _DARK else "black"
            axes.text(x, y, f"{cell:,}", ha="center", va="center", color=colour)
    return figure


def f1_by_size(runs: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw micro F1 against the characters trained on; `runs` are those of `training.curve`."""
    figure, axes = _axes(6, 3)
    families: dict[str, list[tuple[float, float]]] = {}
    for name, run in runs.items():
        family = re.sub(r"-\d+$", "", name)
        families.setdefault(family, []).append((run["characters"] / 1000, run["micro"]))
    for family, points in families.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", label=family)
    axes.set_xlim(left=0)
    axes.set_xlabel("thousand characters of training text")
    axes.set_ylabel("micro F1")
    axes.legend()
    return figure


def svg(figure: Figure) -> str:
    """Return the picture as an `<svg>` element; the same picture gives the same text."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "zhinvest", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
