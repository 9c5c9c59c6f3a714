"""Tests of machine rewording."""

import re
from random import Random

from hypothesis import given

from tests.annotated import RNGS, annotated, surfaces
from training.rewording import reword
from training.tables import read_table
from zhinvest.documents import Document

TABLE = read_table("rewording.tsv")
NAME = "浙江技术材料集团资源创新有限公司"


@given(annotated(), RNGS)
def test_figures_and_digits_stay(document, rng):
    result = reword(document, rng)
    for label in ("MONEY", "CAPACITY"):
        assert [s for s in surfaces(result) if s[1] == label] == [
            s for s in surfaces(document) if s[1] == label
        ]
    assert re.findall("[0-9]", result.text) == re.findall("[0-9]", document.text)
    assert [label for _, _, label in result.ents] == [label for _, _, label in document.ents]


def test_one_part_of_a_name_changes_at_most():
    document = Document("a", NAME, [(0, len(NAME), "ORG")])
    results = {reword(document, Random(seed)).text for seed in range(60)}
    pairs = [*TABLE["name"], *TABLE["glyph-name"]]
    assert results <= {NAME} | {NAME.replace(old, new) for old, new in pairs}
    assert len(results) > 3


def test_short_names_stay():
    document = Document("a", "兰州和杭州湾", [(0, 2, "PLACE"), (3, 6, "PLACE")])
    results = [reword(document, Random(seed)) for seed in range(30)]
    assert {text for result in results for text, _ in surfaces(result)} == {"兰州", "杭州湾"}


def test_text_changes_by_the_pairs_of_the_table_alone():
    document = Document("a", "产业发展离不开技术人员。", [])
    results = {reword(document, Random(seed)).text for seed in range(60)}
    assert "财产成长离不开手艺职员。" in results
    assert all(
        re.fullmatch("(产业|财产)(发展|成长)离不开(技术|手艺)(人员|职员)。", t) for t in results
    )


def test_pairs_hold_no_numerals_nor_units_and_change_something():
    pairs = [pair for rows in TABLE.values() for pair in rows]
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)
    words = "".join("".join(pair) for pair in pairs)
    assert not re.search("[0-9零一二两三四五六七八九十百千万亿元吨]", words)


def test_no_word_has_two_replacements():
    for rows in TABLE.values():
        assert len({old for old, _ in rows}) == len(rows)
