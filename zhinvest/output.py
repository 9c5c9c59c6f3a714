"""What `zhinvest annotate` writes: a table, JSONL or CSV rows, or one HTML page."""

import csv
import io
import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from rich.table import Table
from rich.text import Text
from spacy import displacy

from zhinvest.figures import Figure, read_figure
from zhinvest.figures.reading import FIGURE_KEYS, FIGURE_LABELS
from zhinvest.files import shown, without_surrogates
from zhinvest.labels import COLOURS, LABELS
from zhinvest.scorer import Span
from zhinvest.sources import Article

_PAGE: Final = """<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<title>zhinvest</title>
<style>
body {{ font: 16px/1.9 sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em; }}
h2 {{ font-size: 1em; color: #555; border-top: 1px solid #ddd; padding-top: 1em; }}
</style>
</head>
<body>
{articles}
</body>
</html>
"""


CSV_HEADER: Final = ("id", "start", "end", "label", "text", *FIGURE_KEYS)

_MARK: Final = (
    '<mark class="entity" title="{title}" style="background: {bg}; padding: 0.2em 0.3em; '
    'border-radius: 0.3em">{text} <span style="font-size: 0.7em; font-weight: bold">{label}'
    "</span></mark>"
)
_SIGNS: Final = {
    **{"about": "≈ ", "more_than": "> ", "at_least": "≥ ", "less_than": "< ", "at_most": "≤ "},
    **{"exact": "", "range": ""},
}
_KEYS: Final = {"id", "text", "ents"}
"""Fields of an output row that are ours, whatever the row that held the article has there."""


def to_json(article: Article, spans: list[Span]) -> str:
    """Return one JSONL row: `{"id", "text", "ents": [{"start", "end", "label", "text"}]}`.

    A MONEY or CAPACITY entity has its readings under `figures` as well. Further fields of the row
    that held the article come before `ents`, as they were.

    Offsets are characters, end exclusive, into the row's text, in which a lone surrogate is
    U+FFFD, as the pipeline read it.
    """
    text = without_surrogates(article.text)
    ents = [_ent(text, span) for span in spans]
    others = {key: value for key, value in article.row.items() if key not in _KEYS}
    row: dict[str, Any] = {"id": article.id, "text": text, **others, "ents": ents}
    line = json.dumps(row, ensure_ascii=False)
    # A file's name may hold bytes that are no text, which Python keeps as surrogates.
    is_text = without_surrogates(line) == line
    return line if is_text else json.dumps(row)


def _ent(text: str, span: Span) -> dict[str, Any]:
    start, end, label = span
    ent = {"start": start, "end": end, "label": label, "text": text[start:end]}
    return ent | ({"figures": figures(text, span)} if label in FIGURE_LABELS else {})


def figures(text: str, span: Span) -> list[Figure]:
    """Return the readings of a MONEY or CAPACITY span; other spans have none."""
    return read_figure(text, *span) if span[2] in FIGURE_LABELS else []


def to_csv(article: Article, spans: list[Span]) -> str:
    """Return the entities of one article as CSV rows with the columns of CSV_HEADER.

    Where an entity has several readings, their values are joined by ` | `.
    """
    rows = ((shown(article.id), *cells) for cells in _rows(article, spans, " | "))
    return "".join(map(csv_row, rows))


def csv_row(cells: tuple[str, ...]) -> str:
    """Return one line of CSV, as RFC 4180 has it."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def to_table(article: Article, spans: list[Span]) -> Table:
    """Return the entities of one article, and their readings, as a table for the terminal."""
    # Without padding nine columns fit a terminal of 80 characters.
    table = Table(title=Text(shown(article.id)), title_justify="left", padding=0)
    for heading in ("start", "end", "label", "text", *FIGURE_KEYS):
        right = heading in ("start", "end", "low", "high")
        folded = heading in ("text", "low", "high")
        table.add_column(
            heading,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=not folded,
            min_width=10 if folded else None,
        )
    for start, end, label, *cells in _rows(article, spans, "\n"):
        table.add_row(start, end, Text(label, style=COLOURS.get(label, "")), *map(Text, cells))
    return table


def _rows(article: Article, spans: list[Span], separator: str) -> Iterator[tuple[str, ...]]:
    for start, end, label in spans:
        readings = figures(article.text, (start, end, label))
        columns = (
            separator.join(reading[key] or "" for reading in readings) for key in FIGURE_KEYS
        )
        yield (str(start), str(end), label, shown(article.text[start:end]), *columns)


def to_html(article: Article, spans: list[Span]) -> str:
    """Return one article as a piece of HTML, its entities coloured, readings shown on hover."""
    ents = [
        {"start": start, "end": end, "label": label, "params": {"title": _title(article, span)}}
        for span in spans
        for start, end, label in [span]
    ]
    page = {"text": shown(article.text), "ents": ents, "title": None}
    options = {"colors": COLOURS, "ents": list(LABELS), "template": _MARK}
    body: str = displacy.render(page, style="ent", manual=True, options=options, jupyter=False)
    return f"<h2>{escape(shown(article.id))}</h2>\n{body}"


def _title(article: Article, span: Span) -> str:
    return escape("; ".join(map(describe, figures(article.text, span))))


def describe(figure: Figure) -> str:
    """Return a reading in one line: `≥ 1200000000 CNY a year`."""
    ends = [end for end in (figure["low"], figure["high"]) if end is not None]
    number = " to ".join(dict.fromkeys(ends))
    period = f" a {figure['period']}" if figure["period"] else ""
    return f"{_SIGNS[figure['bound']]}{number} {figure['unit']}{period}".replace("  ", " ")


def html_page(articles: list[str]) -> str:
    """Return a whole HTML page around what `to_html` gave."""
    return _PAGE.format(articles="\n".join(articles))
