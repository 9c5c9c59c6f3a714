"""Tests of edits that carry entities along."""

import pytest
from hypothesis import given

from tests.annotated import annotated
from training.edits import OUTSIDE, Edit, insertion, rewrite, stretches
from training.markup import parse, unparse
from zhinvest.documents import Document

CASES = [
    ("在[上海]PLACE。", [insertion(0, "甲")], "甲在[上海]PLACE。"),
    ("在[上海]PLACE。", [insertion(1, "甲")], "在甲[上海]PLACE。"),
    ("在[上海]PLACE。", [insertion(2, "甲")], "在[上甲海]PLACE。"),
    ("在[上海]PLACE。", [insertion(3, "甲")], "在[上海]PLACE甲。"),
    ("在[上海]PLACE。", [Edit(2, 3, "海(hǎi)")], "在[上海(hǎi)]PLACE。"),
    ("在[上海]PLACE。", [Edit(1, 3, "沪")], "在[沪]PLACE。"),
    ("在[上海]PLACE。", [Edit(0, 1, ""), Edit(3, 4, "！！")], "[上海]PLACE！！"),
    ("[甲厂]ORG[上海]PLACE", [insertion(2, "、"), Edit(2, 3, "")], "[甲厂]ORG、[海]PLACE"),
    ("甲", [insertion(1, "乙"), insertion(1, "丙")], "甲乙丙"),
    ("甲", [Edit(0, 0, "乙厂\n", ((0, 2, "ORG"),))], "[乙厂]ORG\n甲"),
    ("[甲]ORG", [Edit(1, 1, "乙厂", ((0, 2, "ORG"),))], "[甲]ORG[乙厂]ORG"),
]

WRONG = [
    ("甲乙丙", [Edit(0, 2, ""), Edit(1, 3, "")], "overlap"),
    ("在[上海]PLACE。", [Edit(0, 2, "")], "crosses"),
    ("在[上海]PLACE。", [Edit(2, 4, "")], "crosses"),
    ("在[上海]PLACE。", [Edit(0, 4, "")], "crosses"),
    ("在[上海]PLACE。", [Edit(1, 3, "")], "would be ''"),
    ("在[上海]PLACE。", [Edit(2, 3, " ")], "would be '上 '"),
    ("[上海]PLACE", [Edit(1, 1, "乙厂", ((0, 2, "ORG"),))], "overlap"),
]


def marked(text: str) -> Document:
    return Document("a", *parse(text))


@pytest.mark.parametrize(("before", "edits", "after"), CASES)
def test_edits_move_the_entities_with_the_text(before, edits, after):
    assert unparse(rewrite(marked(before), edits)) == after


@pytest.mark.parametrize(("before", "edits", "message"), WRONG)
def test_edits_that_would_spoil_an_entity_are_refused(before, edits, message):
    with pytest.raises(ValueError, match=message):
        rewrite(marked(before), edits)


def test_id_and_meta_stay():
    document = rewrite(Document("x", "甲", [], {"kind": "flash"}), [insertion(0, "乙")])
    assert document == Document("x", "乙甲", [], {"kind": "flash"})


@given(annotated())
def test_stretches_make_up_the_text_and_hold_the_entities(document):
    found = list(stretches(document))
    assert "".join(document.text[start:end] for start, end, _ in found) == document.text
    assert [span for span in found if span[2] != OUTSIDE] == document.ents


@given(annotated())
def test_insertions_everywhere_keep_every_character_of_an_entity(document):
    edits = [insertion(place, "+") for place in range(len(document.text) + 1)]
    noised = rewrite(document, edits)
    surfaces = [noised.text[start:end].replace("+", "") for start, end, _ in noised.ents]
    assert surfaces == [document.text[start:end] for start, end, _ in document.ents]
    assert all(noised.text[start] != "+" != noised.text[end - 1] for start, end, _ in noised.ents)
