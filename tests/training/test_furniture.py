"""Tests of page furniture and advertising."""

import re
from random import Random

import pytest
from hypothesis import given, settings

from tests.annotated import RNGS, annotated, surfaces
from training.furniture import advertise, furnish
from training.tables import read_table
from zhinvest.documents import Document
from zhinvest.labels import LABELS


@pytest.mark.parametrize("around", [furnish, advertise])
@given(document=annotated(), rng=RNGS)
@settings(deadline=None)
def test_the_lines_of_the_article_stay_in_their_order(around, document, rng):
    result = around(document, rng)
    lines = iter(result.text.split("\n"))
    assert all(line in lines for line in document.text.split("\n"))
    kept = iter(surfaces(result))
    assert all(surface in kept for surface in surfaces(document))
    assert len(result.text) > len(document.text)


def test_several_dozen_pieces_hold_entities_of_every_label():
    table = read_table("furniture.tsv")
    pieces = [piece for rows in table.values() for (piece,) in rows]
    assert len(pieces) == len({*pieces}) > 150
    assert all(f"]{label}" in "".join(pieces) for label in LABELS)


def test_pieces_are_filled_and_their_marks_read():
    articles = [Document("a", "首行\n次行\n末行", [])] * 80
    for seed, article in enumerate(articles):
        text = furnish(advertise(article, Random(seed)), Random(seed)).text
        assert not re.search(rf"[{{}}#]|\]({'|'.join(LABELS)})", text)


def test_one_page_has_one_site():
    names = {name for (name,) in read_table("furniture.tsv")["site"]}
    for seed in range(60):
        result = furnish(Document("a", "首行\n次行", []), Random(seed))
        assert len({text for text, _ in surfaces(result)} & names) <= 2  # one in the list of links
