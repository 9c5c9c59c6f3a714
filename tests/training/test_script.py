"""Tests of traditional script and pinyin glosses."""

import re
from random import Random

import pytest
from hypothesis import given, settings

from tests.annotated import RNGS, annotated, surfaces
from training.markup import parse, unparse
from training.script import USAGES, convert, converter_of, gloss
from zhinvest.documents import Document
from zhinvest.normalise import GLOSS, normalise

INVERSES = {"hant-cn": "t2s", "hant-tw": "tw2s", "hant-hk": "hk2s"}

CASES = [
    ("hant-cn", "[上海软件里]ORG说“为”", "[上海軟件裡]ORG說“為”"),
    ("hant-tw", "[上海软件]ORG的软件", "[上海軟件]ORG的軟體"),
    ("hant-tw", "[老挝]PLACE[3亿元]MONEY", "[寮國]PLACE[3億元]MONEY"),
    ("hant-tw", "“为‘里’”", "「為『裡』」"),
    ("hant-hk", "说“线里”", "説「線裏」"),
    ("hant-hk", "[10万吨]CAPACITY", "[10萬噸]CAPACITY"),
]


@pytest.mark.parametrize(("script", "before", "after"), CASES)
def test_scripts_follow_the_usage_of_their_region(script, before, after):
    document = Document("a", *parse(before))
    assert unparse(convert(document, Random(0), script=script)) == after


@pytest.mark.parametrize("script", USAGES)
@given(document=annotated(), rng=RNGS)
@settings(deadline=None)
def test_names_and_figures_can_be_taken_back_to_simplified_script(script, document, rng):
    result = convert(document, rng, script=script)
    for (new, label), (old, _) in zip(surfaces(result), surfaces(document), strict=True):
        inverse = "tw2sp" if (script, label) == ("hant-tw", "PLACE") else INVERSES[script]
        assert converter_of(inverse).convert(new) == old


@given(annotated(), RNGS)
@settings(deadline=None)
def test_glosses_can_be_taken_away(document, rng):
    document = convert(document, rng, script="hant-cn")
    result = gloss(document, rng)
    assert re.sub(GLOSS, "", result.text) == document.text
    assert [(re.sub(GLOSS, "", text), label) for text, label in surfaces(result)] == surfaces(
        document
    )


@pytest.mark.parametrize(
    ("marked", "ending"),
    [("[金山區]PLACE產業", "區(qū)"), ("[重慶廠]ORG設於", "廠(chǎng)"), ("[3億]MONEY", "億(yì)")],
)
def test_a_gloss_behind_the_last_character_belongs_to_the_entity(marked, ending):
    document = Document("a", *parse(marked))
    found = {surfaces(gloss(document, Random(seed)))[0][0] for seed in range(30)}
    assert any(text.translate(str.maketrans("（）", "()")).endswith(ending) for text in found)
    assert len({normalise(text) for text in found}) == 1


def test_a_character_is_glossed_everywhere_or_nowhere():
    document = Document("a", "產業區產業區" * 5, [])
    counts = {gloss(document, Random(seed)).text.count("chǎn") for seed in range(30)}
    assert counts == {0, 10}


def test_simplified_script_has_no_glosses():
    document = Document("a", "产业区设于上海，的了们", [])
    assert all(gloss(document, Random(seed)) == document for seed in range(10))
