"""Tests of full width, tags, broken lines and spaces."""

import html
import re
from random import Random

import pytest
from hypothesis import given, settings

from tests.annotated import RNGS, annotated, surfaces
from tests.conftest import TINY
from training.typography import tag, widen, wrap
from zhinvest.documents import Document, read_documents

HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，（）："}


def without_blanks(text: str) -> str:
    return re.sub(r"\s", "", text)


def half_width(text: str) -> str:
    return text.translate(HALF_WIDTH)


def without_tags(text: str) -> str:
    return without_blanks(html.unescape(re.sub(r"<[^<>]*>|\?/p>", "", text)))


INVERSES = [(widen, half_width), (tag, without_tags), (wrap, without_blanks)]


@pytest.mark.parametrize(("noise", "inverse"), INVERSES)
@given(document=annotated(), rng=RNGS)
@settings(deadline=None)
def test_noise_can_be_taken_back(noise, inverse, document, rng):
    result = noise(document, rng)
    same = str if noise is widen else without_blanks
    assert inverse(result.text) == same(document.text)
    undone = [(inverse(text), label) for text, label in surfaces(result)]
    assert undone == [(same(text), label) for text, label in surfaces(document)]


@pytest.mark.parametrize("noise", [widen, tag, wrap])
def test_every_noise_changes_real_articles_somewhere(noise):
    documents = read_documents(TINY)
    changed = [noise(document, Random(3)).text != document.text for document in documents]
    assert sum(changed) > len(changed) / 2


WIDTH_CASES = [
    ("投资3.5亿元", "投资３．５亿元"),
    ("产能2,400台", "产能２,４００台"),
    ("储能100MW/200MWh", "储能１００ＭＷ/２００ＭＷｈ"),
    ("占51%", "占５１％"),
    ("12-15亿元", "１２－１５亿元"),
    ("见www.example.cn", "见www.example.cn"),
    ("（Vandermeer）", "（Vandermeer）"),
    ("鋁(lǚ)", "鋁(lǚ)"),
]


@pytest.mark.parametrize(("text", "expected"), WIDTH_CASES)
def test_full_width_takes_figures_and_short_words(text, expected):
    found = {widen(Document("a", text, []), Random(seed)).text for seed in range(20)}
    assert expected in found <= {text, expected}


@given(annotated(), RNGS)
@settings(deadline=None)
def test_breaks_never_part_digits_letters_or_glosses(document, rng):
    glossed = Document("a", document.text + "產(chǎn)業(yè)", document.ents)
    result = wrap(glossed, rng)
    runs = re.compile("[0-9A-Za-z.]+|.\\([a-zǎè]+\\)")
    assert runs.findall(result.text) == runs.findall(glossed.text)


def test_tags_stand_around_and_within_entities():
    name = "上海产业技术研究院"
    document = Document("a", name, [(0, len(name), "ORG")])
    results = [tag(document, Random(seed)) for seed in range(300)]
    assert any(f"<strong>{name}</strong>" in result.text for result in results)
    assert {surfaces(result)[0][0] for result in results} > {name}
    assert all(not text.startswith("<strong>") for r in results for text, _ in surfaces(r))
