"""Tests of what is written: tables, JSONL rows and the HTML page."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from zhinvest.files import html_text
from zhinvest.labels import COLOURS, LABELS
from zhinvest.output import (
    CSV_HEADER,
    csv_row,
    describe,
    figures,
    html_page,
    to_csv,
    to_html,
    to_json,
    to_table,
)
from zhinvest.scorer import Span
from zhinvest.sources import Article

ARTICLE = Article("news.txt", "恒川公司在上海投资五亿元。")
SPANS: list[Span] = [(0, 4, "ORG"), (5, 7, "PLACE"), (9, 12, "MONEY")]
FIGURE = {
    "low": "500000000",
    "high": "500000000",
    "unit": "CNY",
    "period": None,
    "bound": "exact",
}
ODD = st.sampled_from(["\ud83d", "\udfff", "\x00", "\x1b[31m", "\x7f", "\r", "\n", "[/b]"])
ANY_TEXT = st.lists(ODD | st.text(max_size=8), max_size=6).map("".join)


def printed(article: Article, spans: list[Span]) -> str:
    page = io.StringIO()
    Console(file=page, width=140).print(to_table(article, spans))
    return page.getvalue()


# --- JSONL ----------------------------------------------------------------------------------------


def test_json_row() -> None:
    line = to_json(ARTICLE, SPANS)
    assert "恒川公司" in line
    assert json.loads(line) == {
        "id": "news.txt",
        "text": ARTICLE.text,
        "ents": [
            {"start": 0, "end": 4, "label": "ORG", "text": "恒川公司"},
            {"start": 5, "end": 7, "label": "PLACE", "text": "上海"},
            {"start": 9, "end": 12, "label": "MONEY", "text": "五亿元", "figures": [FIGURE]},
        ],
    }


def test_json_row_keeps_the_fields_of_its_input() -> None:
    row = {"date": "2024-05-01", "text": "\ud800上海", "ents": [[0, 1, "ORG"]], "meta": {"a": 1}}
    line = to_json(Article("7", row["text"], row | {"id": 7}), [(1, 3, "PLACE")])
    read = json.loads(line)
    assert list(read) == ["id", "text", "date", "meta", "ents"]
    assert (read["id"], read["text"], read["date"]) == ("7", "\ufffd上海", "2024-05-01")
    assert read["meta"] == {"a": 1}
    assert read["ents"] == [{"start": 1, "end": 3, "label": "PLACE", "text": "上海"}]


def test_json_row_of_fields_that_are_no_text_can_be_encoded() -> None:
    row = {"url": "\udfff", "甲": "\ud83d\ude00"}
    line = to_json(Article("a", "上海", row), [])
    assert json.loads(line.encode("utf-8"))["url"] == "\udfff"


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_makes_one_line_that_can_be_encoded(name: str, text: str) -> None:
    line = to_json(Article(name, text), [(0, len(text), "ORG")] if text else [])
    assert "\n" not in line
    row = json.loads(line.encode("utf-8"))
    read = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert (row["id"], row["text"]) == (json.loads(json.dumps(name)), read)
    assert [ent["text"] for ent in row["ents"]] == [read] * bool(text)


def test_two_surrogates_do_not_become_one_character() -> None:
    row = json.loads(to_json(Article("a", "\ud83d\ude00上海"), [(2, 4, "PLACE")]))
    assert row["text"] == "\ufffd\ufffd上海"
    assert row["ents"][0]["text"] == "上海"


# --- tables ---------------------------------------------------------------------------------------


def test_table() -> None:
    lines = printed(ARTICLE, SPANS).splitlines()
    assert lines[0].strip() == "news.txt"
    rows = [line.split("│")[1:-1] for line in lines if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["0", "4", "ORG", "恒川公司", "", "", "", "", ""],
        ["5", "7", "PLACE", "上海", "", "", "", "", ""],
        ["9", "12", "MONEY", "五亿元", "500000000", "500000000", "CNY", "", "exact"],
    ]


def test_table_fits_eighty_characters() -> None:
    page = io.StringIO()
    text = "总投资不低于12,345,678,900元"
    article = Article("a", text)
    Console(file=page, width=80).print(to_table(article, [(6, len(text), "MONEY")]))
    lines = page.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "at_least" in page.getvalue()
    assert "12345678900" in page.getvalue()


def test_table_of_a_compound() -> None:
    lines = printed(Article("a", "储能100MW/200MWh"), [(2, 14, "CAPACITY")]).splitlines()
    rows = [line.split("│")[1:-1] for line in lines if line.startswith("│")]
    assert [[cell.strip() for cell in row][4:7] for row in rows] == [
        ["100000", "100000", "kW"],
        ["200000", "200000", "kWh"],
    ]


def test_a_long_entity_is_folded_not_cut() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(100))
    assert set(text) <= set(printed(Article("a", text), [(0, 100, "ORG")]))


@pytest.mark.parametrize("text", ["[red]甲[/red]", "[/]", "甲[link=x]"])
def test_markup_is_shown_as_it_stands(text: str) -> None:
    shown = printed(Article(text, text), [(0, len(text), "ORG")])
    assert shown.count(text) == 2


@given(ANY_TEXT)
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = printed(Article(text, text), [(0, len(text), "ORG")])
    shown.encode("utf-8")
    assert not set(shown) & {"\x00", "\x07", "\x08", "\x1b", "\x7f"}


# --- CSV ------------------------------------------------------------------------------------------


def test_csv() -> None:
    article = Article('a "b"', "储能100MW/200MWh，上海")
    text = csv_row(CSV_HEADER) + to_csv(article, [(2, 14, "CAPACITY"), (15, 17, "PLACE")])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["text"] for row in rows] == ["100MW/200MWh", "上海"]
    assert rows[0]["id"] == 'a "b"'
    assert (rows[0]["low"], rows[0]["unit"]) == ("100000 | 200000", "kW | kWh")
    assert rows[1]["low"] == rows[1]["bound"] == ""


@given(ANY_TEXT)
def test_csv_of_any_text_can_be_read_back(text: str) -> None:
    line = to_csv(Article("a", text), [(0, len(text), "ORG")] if text else [])
    line.encode("utf-8")
    rows = list(csv.reader(io.StringIO(line, newline="")))
    assert len(rows) == bool(text)
    assert all(len(row) == len(CSV_HEADER) for row in rows)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("超过12亿元", "> 1200000000 CNY"),
        ("约12-15亿元", "1200000000 to 1500000000 CNY"),
        ("年产约12亿元", "≈ 1200000000 CNY a year"),
        ("不足12亿元", "< 1200000000 CNY"),
    ],
)
def test_description(text: str, shown: str) -> None:
    start = text.index("12")
    (figure,) = figures(text, (start, len(text), "MONEY"))
    assert describe(figure) == shown


# --- HTML -----------------------------------------------------------------------------------------


def test_html_marks_the_entities_in_their_colours() -> None:
    html = to_html(ARTICLE, SPANS)
    for label, surface in (("ORG", "恒川公司"), ("PLACE", "上海"), ("MONEY", "五亿元")):
        assert COLOURS[label] in html
        assert surface in html
    assert html.count('title="500000000 CNY"') == 1
    assert html.index("恒川公司") < html.index("ORG") < html.index("上海") < html.index("PLACE")


def test_html_without_entities_keeps_the_text() -> None:
    assert ARTICLE.text in to_html(ARTICLE, [])


def test_html_is_escaped() -> None:
    html = to_html(Article("<b>", "<script>甲</script> & 乙"), [(8, 9, "ORG")])
    assert "<script>" not in html
    assert "<h2>&lt;b&gt;</h2>" in html
    assert "&amp; 乙" in html


@given(st.text(alphabet="恒川{}%<>&\x00\x1b\ud800\n", max_size=20))
def test_page_of_any_text_can_be_written_and_read(text: str) -> None:
    page = html_page([to_html(Article(text, text), []), to_html(ARTICLE, SPANS)])
    page.encode("utf-8")
    assert "\x00" not in page
    assert ARTICLE.id in html_text(page)


def test_page_is_complete() -> None:
    page = html_page([to_html(ARTICLE, SPANS)] * 2)
    assert page.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in page
    assert page.count("<h2>news.txt</h2>") == 2
    assert page.rstrip().endswith("</html>")


def test_every_label_has_a_colour_of_its_own() -> None:
    assert tuple(COLOURS) == LABELS
    assert len(set(COLOURS.values())) == len(LABELS)
