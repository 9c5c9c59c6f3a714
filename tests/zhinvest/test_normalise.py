"""Tests of the reading form."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhinvest.normalise import GLOSS, HAN, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("上海", "上海"),
        ("產業園區", "产业园区"),
        ("雷克薩斯新能源項目", "雷克萨斯新能源项目"),
        ("１２．５％", "12.5%"),
        ("ＡＢＣａｂｃ", "abcabc"),
        ("GWh", "gwh"),
        ("（Ａ）、“甲”「乙」『丙』", '(a)、"甲""乙""丙"'),
        ("甲\u3000乙", "甲 乙"),
        ("￥5、￡6、￠7", "¥5、£6、¢7"),
        ("產(chǎn)業(yè)", "产业"),
        ("金山區（qū）", "金山区"),
        ("我(de)家(men)", "我家"),
        ("女(nǚ)綠(lǜ)裝(zhuāng)", "女绿装"),
        ("３～５！", "3~5!"),
        ("甲\x00乙\n丙", "甲\x00乙\n丙"),
        ("𠮷野家😀", "𠮷野家😀"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "雷克萨斯(cn)",
        "中心(r&d)",
        "中心(abc)",
        "a(chǎn)",
        "(chǎn)",
        "产 (chǎn)",
        "产(chǎn",
        "产()",
        "产(ch ǎn)",
        "产(zhuānga)",
        "产(3ǎ)",
    ],
)
def test_brackets_that_are_no_gloss_stay(text: str) -> None:
    assert normalise(text) == text


@given(st.text(alphabet="年产能上海投资元亿、。abc123 .,\n"))
def test_what_is_in_reading_form_already_stays(text: str) -> None:
    assert normalise(text) == text


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_only_lowered(text: str) -> None:
    assert normalise(text) == text.lower()


@given(st.text())
def test_no_full_width_letter_or_digit_is_left(text: str) -> None:
    assert not re.search("[\uff01-\uff5e\u3000]", normalise(text))


@given(st.text(alphabet="產業開發區萬億電體"), st.sampled_from(["(chǎn)", "（yè）", "(de)"]))
def test_a_gloss_changes_nothing(text: str, gloss: str) -> None:
    assert normalise("".join(character + gloss for character in text)) == normalise(text)


@pytest.mark.parametrize("character", "一龥㐀䶿々〇豈\U00020000\U0002a6df\U00030000")
def test_han(character: str) -> None:
    assert re.fullmatch(HAN, character)


@pytest.mark.parametrize("character", "aＡ1あア한、。 ㎡①😀")
def test_not_han(character: str) -> None:
    assert not re.fullmatch(HAN, character)


@pytest.mark.parametrize("vowel", "aeiouü")
@pytest.mark.parametrize("tone", "\u0304\u0301\u030c\u0300")
def test_every_toned_vowel_makes_a_gloss(vowel: str, tone: str) -> None:
    toned = unicodedata.normalize("NFC", vowel + tone)
    assert re.fullmatch(GLOSS, f"(n{toned}n)")
