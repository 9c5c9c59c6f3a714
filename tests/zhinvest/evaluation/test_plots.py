"""Tests of the pictures of the report."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from tests.spans import FOREIGN
from zhinvest.evaluation.matching import ERRORS, Outcome
from zhinvest.evaluation.metrics import NOTHING, confusion, measure
from zhinvest.evaluation.plots import (
    confusion_by_label,
    errors_by_label,
    f1_by_size,
    scores_by_label,
    svg,
)
from zhinvest.evaluation.scores import Reading
from zhinvest.labels import COLOURS, LABELS

STRICT = {
    "ORG": {"f": 0.5, "low": 0.4, "high": 0.7},
    "MONEY": {"f": 0.25, "low": 0.3, "high": 0.2},
    FOREIGN: {"f": 0.0, "low": 0.0, "high": 0.0},
}
ERROR_COUNTS = {
    "ORG": dict.fromkeys(map(str, Outcome), 2),
    "PLACE": {"correct": 9, "boundary": 3, "spurious": 1},
}
MATRIX = {"labels": ["ORG", "PLACE", NOTHING], "matrix": [[1200, 3, 1], [0, 0, 0], [7, 0, 0]]}
RUNS = {
    "authored-50": {"characters": 2000, "micro": 0.5},
    "authored-25": {"characters": 1000, "micro": 0.25},
    "web": {"characters": 3000, "micro": 0.75},
}
FIGURES: dict[str, Callable[[], Figure]] = {
    "scores": lambda: scores_by_label(STRICT),
    "errors": lambda: errors_by_label(ERROR_COUNTS),
    "confusion": lambda: confusion_by_label(**MATRIX),
    "curve": lambda: f1_by_size(RUNS),
}


def widths(container: Any) -> list[float]:
    return [bar.get_width() for bar in container]


def test_bars_are_f1_in_the_colours_of_the_labels() -> None:
    (axes,) = scores_by_label(STRICT).axes
    (bars,) = (c for c in axes.containers if isinstance(c, BarContainer))
    assert [bar.get_height() for bar in bars] == [0.5, 0.25, 0.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(STRICT)
    colours = [to_hex(bar.get_facecolor()) for bar in bars]
    assert colours[:2] == [COLOURS["ORG"], COLOURS["MONEY"]]
    assert colours[2] not in COLOURS.values()
    assert axes.get_ylim() == (0, 1)


def test_error_bars_reach_from_low_to_high() -> None:
    (axes,) = scores_by_label(STRICT).axes
    (lines,) = axes.collections
    ends = [[float(y) for _, y in segment] for segment in lines.get_segments()]
    # The interval of MONEY does not hold its F1: no bar where it would be below zero.
    assert ends == [pytest.approx([0.4, 0.7]), pytest.approx([0.25, 0.25]), [0, 0]]


def test_errors_are_stacked_by_class() -> None:
    (axes,) = errors_by_label(ERROR_COUNTS).axes
    assert [widths(container) for container in axes.containers] == [
        [2, 0],
        [2, 3],
        [2, 0],
        [2, 0],
        [2, 1],
    ]
    assert [bar.get_x() for bar in axes.containers[-1]] == [8, 3]
    legend = axes.get_legend()
    assert legend
    assert [text.get_text() for text in legend.get_texts()] == [error.value for error in ERRORS]


def test_cells_of_the_confusion_are_written_out() -> None:
    (axes,) = confusion_by_label(**MATRIX).axes
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["1,200", "3", "1", "0", "0", "0", "7", "0", "0"]
    assert [text.get_color() for text in axes.texts][:2] == ["white", "black"]
    assert [label.get_text() for label in axes.get_yticklabels()] == MATRIX["labels"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "gold")


def test_parts_of_one_set_are_one_line() -> None:
    (axes,) = f1_by_size(RUNS).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines == {"authored": [[1, 0.25], [2, 0.5]], "web": [[3, 0.75]]}


@pytest.mark.parametrize("name", FIGURES)
def test_picture_is_one_svg_element(name: str) -> None:
    picture = svg(FIGURES[name]())
    root = ElementTree.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.startswith("<svg")
    assert "<image" not in picture or "data:image/png" in picture


@pytest.mark.parametrize("name", FIGURES)
def test_picture_is_the_same_each_time(name: str) -> None:
    figure = FIGURES[name]()
    assert svg(figure) == svg(figure) == svg(FIGURES[name]())


def test_text_of_a_picture_is_text() -> None:
    assert ">boundary and type</text>" in svg(errors_by_label(ERROR_COUNTS))


def test_label_that_is_markup() -> None:
    picture = svg(scores_by_label({"<b>&": {"f": 0.5, "low": 0.4, "high": 0.6}}))
    assert "<b>" not in picture
    assert "<b>&" in "".join(ElementTree.fromstring(picture).itertext())


def test_pictures_of_an_article_without_spans() -> None:
    assert ElementTree.fromstring(svg(errors_by_label({}))) is not None
    assert ElementTree.fromstring(svg(confusion_by_label(**confusion([])))) is not None


def test_pictures_of_the_example(readings: list[Reading]) -> None:
    metrics = measure(readings)
    pictures = [
        svg(scores_by_label(metrics["strict"])),
        svg(errors_by_label(metrics["errors"])),
        svg(confusion_by_label(**metrics["confusion"])),
    ]
    for picture in pictures:
        texts = "".join(ElementTree.fromstring(picture).itertext())
        assert all(label in texts for label in LABELS)
