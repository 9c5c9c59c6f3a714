"""Tests of the kinds of article that are measured separately."""

from typing import Any

import pytest

from zhinvest.documents import Document
from zhinvest.evaluation.slices import noise, script, slices, surfaces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "hans"),
        ("GWh 2026", "hans"),
        ("上海宏远公司投资五亿元", "hans"),
        ("產業園項目總投資五億元", "hant"),
        ("产业园项目总投资五億元" + "上海宏远公司" * 5, "hans"),
        ("产业园项目总投资五億元", "hant"),
    ],
)
def test_script(text: str, expected: str) -> None:
    assert script(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "none"),
        ("上海宏远公司（简称宏远）投资5亿元，a < b > c & d", "none"),
        ("產(chǎn)業(yè)園", "glosses"),
        ("投资５亿元", "full-width digits"),
        ("<p>上海", "tags"),
        ("上海&nbsp;宏远", "tags"),
        ("投产?/p>", "tags"),
        ("&#8220;宏远&#8221;", "tags"),
        ("当x<y，而y>z", "none"),
        ("</p>產(chǎn)業投资５亿元", "full-width digits + glosses + tags"),
    ],
)
def test_noise(text: str, expected: str) -> None:
    assert noise(text) == expected


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        (0, "under 300"),
        (299, "under 300"),
        (300, "300 to 999"),
        (999, "300 to 999"),
        (1000, "1,000 and more"),
    ],
)
def test_length(characters: int, expected: str) -> None:
    assert slices(Document("a", "字" * characters))["length"] == expected


@pytest.mark.parametrize(
    ("name", "meta", "expected"),
    [
        ("web-dev-000", {"src": "cls:sources/cls/2026-06-03.jsonl#2390004"}, "cls"),
        ("web-dev-000", {"src": "eb"}, "eb"),
        ("announcement-003", {}, "announcement"),
        ("announcement-003", {"src": None}, "announcement"),
        ("web_dev_12", {}, "web_dev"),
        ("news.txt", {}, "news.txt"),
        ("123", {}, "not stated"),
        ("", {}, "not stated"),
    ],
)
def test_source(name: str, meta: dict[str, Any], expected: str) -> None:
    assert slices(Document(name, "上海", meta=meta))["source"] == expected


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({}, ("not stated", "hant", "glosses")),
        ({"kind": "flash", "script": "hant-tw"}, ("flash", "hant-tw", "glosses")),
        ({"noise": ["tags"]}, ("not stated", "hant", "tags")),
        ({"noise": ["width", "advert"]}, ("not stated", "hant", "advert + width")),
        ({"noise": ["advert", "width"]}, ("not stated", "hant", "advert + width")),
        ({"noise": []}, ("not stated", "hant", "none")),
        ({"noise": "tags"}, ("not stated", "hant", "tags")),
        ({"kind": None, "script": None, "noise": None}, ("not stated", "hant", "none")),
        ({"kind": 3, "noise": [1, "a"]}, ("3", "hant", "1 + a")),
    ],
)
def test_what_meta_says_comes_first(meta: dict[str, Any], expected: tuple[str, str, str]) -> None:
    found = slices(Document("a", "產(chǎn)業園項目", meta=meta))
    assert (found["kind"], found["script"], found["noise"]) == expected


def test_surfaces_are_in_reading_form() -> None:
    documents = [
        Document("a", "產(chǎn)業園投５亿", [(0, 9, "PLACE"), (10, 12, "MONEY")]),
        Document("b", "产业园ＡＢ", [(0, 3, "PLACE"), (3, 5, "ORG")]),
    ]
    assert surfaces(documents) == {("产业园", "PLACE"), ("5亿", "MONEY"), ("ab", "ORG")}
    assert surfaces([]) == set()
