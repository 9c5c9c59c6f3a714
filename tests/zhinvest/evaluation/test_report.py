"""Tests of the report: three files, of which a browser must show one."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from matplotlib import image

from tests.spans import ARTICLE, FOREIGN
from zhinvest.documents import Document
from zhinvest.evaluation.matching import ERRORS, Outcome
from zhinvest.evaluation.metrics import comparison, measure, pairs_of
from zhinvest.evaluation.report import CONTEXT, Report, error_rows, write_report
from zhinvest.evaluation.scores import Reading
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

MARKUP = (
    "上海<script>document.title = 'changed'</script>宏远 & 子 &amp; \"公司\"</p></div>投资5亿元"
)
NAMES = {"metrics.json", "report.md", "report.html"}
CURVE = {"authored-50": {"characters": 2000, "micro": 0.5}}


def complete(readings: Sequence[Reading]) -> Report:
    """A report with everything that one may have, and an article of markup in it."""
    start = MARKUP.index("宏远")
    gold: list[Span] = [(0, 2, "PLACE"), (start, start + 11, "ORG")]
    predicted: list[Span] = [(0, 3, "ORG"), (2, 10, FOREIGN)]
    odd = Reading(Document("<b>&-001", MARKUP, gold, {"kind": "a|b<i>", "src": "x\ny"}), predicted)
    every = [*readings, odd]
    metrics = measure(every, {("上海", "PLACE")})
    metrics["comparison"] = comparison(every, [Reading(r.document, []) for r in every])
    return Report("zh_<one>", "gold & more.jsonl", metrics, every, "zh_other", CURVE)


@pytest.fixture(scope="module")
def report(readings: list[Reading]) -> Report:
    """A report with everything."""
    return complete(readings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, report: Report) -> Path:
    """The folder of a written report with everything."""
    path = tmp_path_factory.mktemp("report")
    write_report(report, path / "deep")
    return path / "deep"


# --- rows of errors -------------------------------------------------------------------------------


def joined(pieces: list[tuple[str, str | None]]) -> str:
    return "".join(text for text, _ in pieces)


def marked(pieces: list[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return [(text, label) for text, label in pieces if label]


@given(ARTICLE)
def test_rows_are_the_errors_with_their_spans(article: tuple[list[Span], list[Span]]) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 80)))
    readings = [Reading(Document("a", text, article[0]), article[1])]
    pairs = [pair for pair in pairs_of(readings)[0] if pair.outcome is not Outcome.CORRECT]
    rows = list(error_rows(readings))
    assert [(row["outcome"], row["offset"]) for row in rows] == [
        (pair.outcome.value, pair.start) for pair in pairs
    ]
    for row, pair in zip(rows, pairs, strict=True):
        for side, span in (("gold", pair.gold), ("predicted", pair.predicted)):
            expected = [(text[span[0] : span[1]], span[2])] if span else []
            assert marked(row[side]) == expected
        assert row["labels"] == sorted({span[2] for span in (pair.gold, pair.predicted) if span})
        assert joined(row["gold"]) == joined(row["predicted"])


@pytest.mark.parametrize(
    ("gold", "predicted", "start", "end"),
    [
        ((100, 104, "ORG"), None, 60, 144),
        (None, (100, 104, "ORG"), 60, 144),
        ((100, 104, "ORG"), (98, 102, "ORG"), 58, 144),
        ((100, 104, "ORG"), (102, 110, "PLACE"), 60, 150),
        ((3, 5, "ORG"), None, 0, 45),
        ((195, 200, "ORG"), None, 155, 200),
        ((0, 200, "ORG"), (0, 199, "ORG"), 0, 200),
    ],
)
def test_context_of_an_error(
    gold: Span | None, predicted: Span | None, start: int, end: int
) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 200)))
    article = Document("a", text, [gold] if gold else [])
    (row,) = error_rows([Reading(article, [predicted] if predicted else [])])
    assert CONTEXT == 40
    assert joined(row["gold"]) == joined(row["predicted"]) == text[start:end]


def test_rows_are_in_the_order_of_the_articles(readings: list[Reading]) -> None:
    rows = list(error_rows(readings))
    places = [[reading.document.id for reading in readings].index(row["id"]) for row in rows]
    keys = [(place, row["offset"]) for place, row in zip(places, rows, strict=True)]
    assert keys == sorted(keys)
    assert len(rows) == 49


# --- the three files ------------------------------------------------------------------------------


def test_three_files(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == NAMES


def test_metrics_are_what_was_measured(folder: Path, report: Report) -> None:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    facts = {key: metrics.pop(key) for key in ("model", "gold", "library")}
    assert metrics == report.metrics
    assert (facts["model"], facts["gold"]) == ("zh_<one>", "gold & more.jsonl")


def tables(text: str) -> list[list[list[str]]]:
    """Return the Markdown tables: rows of cells."""
    blocks = [block.splitlines() for block in re.split(r"\n\n+", text)]
    found = [[line for line in block if line.startswith("|")] for block in blocks]
    return [
        [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in lines
            if not set(line) <= set("|-")
        ]
        for lines in found
        if lines
    ]


def test_markdown_has_all_tables(folder: Path, report: Report) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    strict, views, errors, matrix, seen, slices, compared = tables(text)
    metrics = report.metrics
    labels = list(metrics["strict"])
    assert FOREIGN in labels
    for table in (strict, views, errors, matrix, seen, slices, compared):
        assert {len(row) for row in table} == {len(table[0])}
    assert [row[0] for row in strict[1:]] == labels
    assert [row[3] for row in strict[1:]] == [f"{metrics['strict'][x]['f']:.3f}" for x in labels]
    assert [row[0] for row in views[1:]] == ["strict", "boundary", "type", "overlap"]
    micro = views[0].index("micro")
    assert views[4][micro] == f"{metrics['views']['overlap']['micro']['f']:.3f}"
    assert [list(map(int, row[1:])) for row in errors[1:]] == [
        [counts[outcome] for outcome in Outcome] for counts in metrics["errors"].values()
    ]
    assert [list(map(int, row[1:])) for row in matrix[1:]] == metrics["confusion"]["matrix"]
    assert [row[0] for row in seen[1:]] == ["seen", "unseen"]
    assert len(slices) - 1 == sum(map(len, metrics["slices"].values()))
    assert [row[0] for row in compared[1:]] == [*LABELS, "micro", "macro"]
    assert all(row[1].startswith("+") for row in compared[1:])
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_cells_stand_under_their_labels(folder: Path, report: Report) -> None:
    # The foreign label is in one article only: the other slices have no score for it.
    slices = tables((folder / "report.md").read_text(encoding="utf-8"))[5]
    rows = {row[0]: dict(zip(slices[0], row, strict=True)) for row in slices[1:]}
    flash = report.metrics["slices"]["kind"]["flash"]["strict"]["micro"]
    assert rows["kind: flash"][FOREIGN] == "-"
    assert rows["kind: flash"]["micro"] == f"{flash['f']:.3f} ({flash['support']})"
    assert rows["kind: a\\|b<i>"][FOREIGN] == "0.000 (0)"
    assert "source: x y" in rows


def test_small_report_leaves_out_what_there_is_not(tmp_path: Path, readings: list[Reading]) -> None:
    write_report(Report("zh_one", "gold.jsonl", measure(readings), readings), tmp_path)
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "Seen in training" not in text
        assert "Compared with" not in text
        assert "training set" not in text
    assert json.loads((tmp_path / "metrics.json").read_text())["seen"] is None


def test_report_of_articles_without_spans(tmp_path: Path) -> None:
    readings = [Reading(Document("a", "上海"), [])]
    write_report(Report("zh_one", "gold.jsonl", measure(readings), readings), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_same_report_gives_same_files(tmp_path: Path, folder: Path, report: Report) -> None:
    write_report(report, tmp_path)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("odd", ["\udfff", "\x00", "\x1b"])
def test_characters_that_are_no_text(tmp_path: Path, odd: str) -> None:
    document = Document(f"a{odd}-1", f"上海{odd}宏远", [(0, 2, "ORG")], {"kind": f"k{odd}"})
    readings = [Reading(document, [(0, 2, "PLACE")])]
    write_report(Report(f"m{odd}", f"g{odd}", measure(readings), readings, None), tmp_path)
    for name in NAMES:
        assert odd not in (tmp_path / name).read_text(encoding="utf-8")
    assert "上海\ufffd宏远" in re.sub(
        "<[^>]*>", "", (tmp_path / "report.html").read_text(encoding="utf-8")
    )


# --- the page -------------------------------------------------------------------------------------


@dataclass
class Error:
    """An error as it stands on the page."""

    attributes: dict[str, str | None]
    text: str = ""
    marks: list[tuple[str | None, str]] = field(default_factory=list)

    @property
    def outcome(self) -> str | None:
        return self.attributes["data-outcome"]

    @property
    def labels(self) -> list[str]:
        return (self.attributes["data-labels"] or "").split()


class Page(HTMLParser):
    """What the tests look at in report.html: elements, errors, and text by tag or id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.errors: list[Error] = []
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs))
        self.elements.append(element)
        if tag not in ("meta", "link"):
            self._open.append(element)
        if element[1].get("class") == "error":
            self.errors.append(Error(element[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for tag, attributes in self._open:
            name = attributes.get("id") or tag
            self.texts[name] = self.texts.get(name, "") + data
            if attributes.get("class") == "error":
                self.errors[-1].text += data
            if tag == "mark":
                self.errors[-1].marks.append((attributes["data-label"], data))


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    """The page as it was written."""
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_page_needs_no_other_file(page: Page, folder: Path) -> None:
    loading = {"src", "href", "xlink:href", "srcset", "data", "poster", "action", "background"}
    addresses = [
        value or ""
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in loading
    ]
    assert [a for a in addresses if not a.startswith(("#", "data:"))] == []
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"url\((?!['\"]?#)[^)]*\)", text) == []
    assert "@import" not in text
    assert not {"iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    assert [attributes for tag, attributes in page.elements if tag == "script"] == [{}]


def test_page_shows_every_error(page: Page, report: Report) -> None:
    rows = list(error_rows(report.readings))
    assert [error.outcome for error in page.errors] == [row["outcome"] for row in rows]
    assert [error.labels for error in page.errors] == [row["labels"] for row in rows]
    for error, row in zip(page.errors, rows, strict=True):
        spans = marked(row["gold"]) + marked(row["predicted"])
        assert error.marks == [(label, text) for text, label in spans]
        assert f"{row['id']}, character {row['offset']}: {row['outcome']}" in error.text
        for side in ("gold", "predicted"):
            shown = joined(row[side]) if marked(row[side]) else "nothing"
            assert shown in error.text


def test_page_escapes_texts_and_names(page: Page, folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;document.title" in text
    assert "<script>document" not in text
    assert page.texts["title"] == page.texts["h1"] == "zh_<one> on gold & more.jsonl"
    assert MARKUP[15:] in page.errors[-1].text
    assert "<b>&-001" in page.errors[-1].text
    assert "b" not in {tag for tag, _ in page.elements}


def test_every_label_and_class_can_be_chosen(page: Page) -> None:
    options = page.texts["option"]
    for name in (*LABELS, FOREIGN, *(error.value for error in ERRORS)):
        assert name in options


def test_page_has_the_pictures(page: Page) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert tags["svg"] == tags["figcaption"] == 4
    assert "F1 by size of the training set" in page.texts["figcaption"]


# --- the page in a browser ------------------------------------------------------------------------

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
)


@dataclass(frozen=True)
class Browser:
    """Headless Chromium."""

    program: str
    profile: Path

    def open(self, path: Path, *options: str, choice: str = "") -> tuple[Page, list[str]]:
        """Return the page after its script has run, and what the console said."""
        result = subprocess.run(
            [
                self.program,
                *FLAGS,
                f"--user-data-dir={self.profile}",
                *options,
                path.as_uri() + choice,
            ],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        return Page(result.stdout), [
            line for line in result.stderr.splitlines() if "CONSOLE" in line
        ]

    def read(self, path: Path, *options: str, choice: str = "") -> Page:
        page, console = self.open(path, "--dump-dom", *options, choice=choice)
        assert console == []
        return page


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Chromium with a profile of its own."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return Browser(program, tmp_path_factory.mktemp("profile"))


def visible(page: Page) -> list[Error]:
    return [error for error in page.errors if "hidden" not in error.attributes]


def test_the_browser_tells_of_faults(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "faulty.html").write_text("<script>nothing.at.all()</script>")
    _, console = browser.open(tmp_path / "faulty.html", "--dump-dom")
    assert "nothing is not defined" in "".join(console)


def test_all_errors_are_visible_at_first(browser: Browser, folder: Path, page: Page) -> None:
    opened = browser.read(folder / "report.html")
    assert len(visible(opened)) == len(page.errors) == int(opened.texts["count"])
    assert opened.texts["title"] == "zh_<one> on gold & more.jsonl"


@pytest.mark.parametrize(
    ("choice", "label", "outcome"),
    [
        ("#label=ORG&outcome=missed", "ORG", "missed"),
        ("#label=PLACE", "PLACE", None),
        ("#outcome=boundary+and+type", None, "boundary and type"),
        (f"#label={FOREIGN}", FOREIGN, None),
        ("#label=NONE&outcome=", None, None),
    ],
)
def test_address_chooses_errors(
    browser: Browser, folder: Path, page: Page, choice: str, label: str | None, outcome: str | None
) -> None:
    chosen = [
        error
        for error in page.errors
        if label in (None, *error.labels) and outcome in (None, error.outcome)
    ]
    opened = browser.read(folder / "report.html", choice=choice)
    assert [error.text for error in visible(opened)] == [error.text for error in chosen]
    assert int(opened.texts["count"]) == len(chosen) > 0
    assert len(opened.errors) == len(page.errors)


def test_a_menu_chooses_errors(browser: Browser, folder: Path, page: Page, tmp_path: Path) -> None:
    choice = """<script>
      const menu = document.getElementById("outcome");
      menu.value = "boundary and type";
      menu.dispatchEvent(new Event("change"));
    </script>"""
    text = (folder / "report.html").read_text(encoding="utf-8")
    (tmp_path / "chosen.html").write_text(
        text.replace("</body>", choice + "</body>"), encoding="utf-8"
    )
    opened = browser.read(tmp_path / "chosen.html", "--virtual-time-budget=2000")
    chosen = [error for error in page.errors if error.outcome == "boundary and type"]
    assert len(visible(opened)) == len(chosen) == int(opened.texts["count"]) > 0


def colours(path: Path) -> int:
    """Return the number of colours of a picture."""
    pixels: Any = image.imread(path)
    return len({tuple(pixel) for row in pixels[::5] for pixel in row[::5].tolist()})


@pytest.mark.parametrize("size", ["1200,2000", "400,800"])
def test_screenshot(browser: Browser, folder: Path, tmp_path: Path, size: str) -> None:
    path = tmp_path / "report.png"
    options = (f"--screenshot={path}", f"--window-size={size}", "--hide-scrollbars")
    _, console = browser.open(folder / "report.html", *options)
    assert console == []
    assert path.stat().st_size > 10_000
    assert colours(path) > 20
