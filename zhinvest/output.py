"""What `zhinvest annotate` writes: a table, JSONL rows, or one HTML page."""

import json
from html import escape
from typing import Any, Final

from rich.table import Table
from rich.text import Text
from spacy import displacy

from zhinvest.files import without_surrogates
from zhinvest.labels import COLOURS, LABELS
from zhinvest.scorer import Span
from zhinvest.sources import Article

_UNSHOWN: Final = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000)], "\ufffd"
)
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


def to_json(article: Article, spans: list[Span]) -> str:
    """Return one JSONL row: `{"id", "text", "ents": [{"start", "end", "label", "text"}]}`.

    Offsets are characters, end exclusive, into the row's text, in which a lone surrogate is
    U+FFFD, as the pipeline read it.
    """
    text = without_surrogates(article.text)
    ents = [
        {"start": start, "end": end, "label": label, "text": text[start:end]}
        for start, end, label in spans
    ]
    row: dict[str, Any] = {"id": article.id, "text": text, "ents": ents}
    # A file's name may hold bytes that are no text, which Python keeps as surrogates.
    is_text = without_surrogates(article.id) == article.id
    return json.dumps(row, ensure_ascii=not is_text)


def to_table(article: Article, spans: list[Span]) -> Table:
    """Return the entities of one article as a table for the terminal."""
    table = Table(title=Text(_shown(article.id)), title_justify="left")
    for heading in ("start", "end"):
        table.add_column(heading, justify="right")
    table.add_column("label")
    table.add_column("text", overflow="fold")
    for start, end, label in spans:
        surface = Text(_shown(article.text[start:end]))
        table.add_row(str(start), str(end), Text(label, style=COLOURS.get(label, "")), surface)
    return table


def to_html(article: Article, spans: list[Span]) -> str:
    """Return one article as a piece of HTML, its entities coloured."""
    ents = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    shown = {"text": _shown(article.text), "ents": ents, "title": None}
    options = {"colors": COLOURS, "ents": list(LABELS)}
    body: str = displacy.render(shown, style="ent", manual=True, options=options, jupyter=False)
    return f"<h2>{escape(_shown(article.id))}</h2>\n{body}"


def html_page(articles: list[str]) -> str:
    """Return a whole HTML page around what `to_html` gave."""
    return _PAGE.format(articles="\n".join(articles))


def _shown(text: str) -> str:
    """Return `text`, as long as it was, without control characters and lone surrogates."""
    return text.translate(_UNSHOWN)
