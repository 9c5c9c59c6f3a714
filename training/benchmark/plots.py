"""The picture of growth: time against length of text, in a log-log plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from zhinvest.evaluation.plots import svg
from zhinvest.files import write_text


def draw_growth(rows: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """Draw seconds against characters, a line for each system and form of document."""
    write_text(path, svg(growth_figure(rows)))


def growth_figure(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return the plot; a line of slope one is time in proportion to the text."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, points in rows.items():
        for form, style in (("one document", "o-"), ("many documents", "s--")):
            chosen = [(p["characters"], p["seconds"]) for p in points if p["form"] == form]
            axes.loglog(*zip(*chosen, strict=True), style, label=f"{name}, {form}")
    axes.set_xlabel("characters")
    axes.set_ylabel("seconds")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    return figure
