"""Tests of the character tokenizer: nothing is lost, and what belongs together stays together."""

import pickle
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from zhinvest.documents import Document
from zhinvest.tokenizer import CharTokenizer

FRAGMENTS = (
    "產(chǎn)",
    "業",
    "（yè）",
    "１２.5",
    "1,234.5",
    "GWh",
    "RidleyProject",
    "<br/>",
    "&nbsp;",
    "&#8220;",
    " ",
    "\n",
    "\x00",
)
MIXED = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5)).map("".join)
SAMPLES = ["產(chǎn)業(yè)投資１２.5億元", "年产20GWh，RidleyProject", " a  b\n\n", "", "甲\x00乙"]


def texts(doc: Doc) -> list[str]:
    return [token.text for token in doc]


def norms(doc: Doc) -> list[str]:
    return [token.norm_ for token in doc]


# --- nothing is lost ------------------------------------------------------------------------------


@given(st.text())
def test_tokens_join_to_any_text(characters: Language, text: str) -> None:
    assert "".join(token.text_with_ws for token in characters(text)) == text


@given(MIXED)
def test_tokens_join_to_mixed_text(characters: Language, text: str) -> None:
    doc = characters(text)
    assert "".join(token.text_with_ws for token in doc) == text
    assert [text[token.idx : token.idx + len(token)] for token in doc] == texts(doc)


@given(MIXED)
def test_white_space_stands_alone(characters: Language, text: str) -> None:
    for token in characters(text):
        assert token.is_space or not any(character.isspace() for character in token.text)


def test_every_gold_entity_begins_and_ends_at_a_token(
    characters: Language, gold: list[Document]
) -> None:
    for document in gold:
        doc = characters(document.text)
        for start, end, _ in document.ents:
            assert doc.char_span(start, end) is not None, document.text[start:end]


# --- what is one token ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens", "normalised"),
    [
        ("上海", ["上", "海"], ["上", "海"]),
        ("產(chǎn)業(yè)", ["產(chǎn)", "業(yè)"], ["产", "业"]),
        ("產（chǎn）業", ["產（chǎn）", "業"], ["产", "业"]),
        ("我(de)廠", ["我(de)", "廠"], ["我", "厂"]),
        ("共１２.5億", ["共", "１２.5", "億"], ["共", "12.5", "亿"]),
        ("共１２．５億", ["共", "１２．５", "億"], ["共", "12.5", "亿"]),
        ("共1,234.5元", ["共", "1,234.5", "元"], ["共", "1,234.5", "元"]),
        ("共1,234,567元", ["共", "1,234,567", "元"], ["共", "1,234,567", "元"]),
        ("20GWh", ["20", "GWh"], ["20", "gwh"]),
        ("5kWh", ["5", "kWh"], ["5", "kwh"]),
        ("ＧＷｈ", ["ＧＷｈ"], ["gwh"]),
        ("RidleyProject", ["Ridley", "Project"], ["ridley", "project"]),
        ("TikTok", ["TikTok"], ["tiktok"]),
        ("Müller", ["Müller"], ["müller"]),
        ("M3P", ["M", "3", "P"], ["m", "3", "p"]),
        ("“甲”、乙。", ["“", "甲", "”", "、", "乙", "。"], ['"', "甲", '"', "、", "乙", "。"]),
        ("甲\u3000乙", ["甲", "\u3000", "乙"], ["甲", " ", "乙"]),
        ("甲 乙  丙", ["甲", "乙", " ", "丙"], ["甲", "乙", " ", "丙"]),
        ("\n\n甲\r\n", ["\n\n", "甲", "\r\n"], ["\n\n", "甲", "\r\n"]),
        ("甲\x00乙", ["甲", "\x00", "乙"], ["甲", "\x00", "乙"]),
        ("𠮷😀", ["𠮷", "😀"], ["𠮷", "😀"]),
    ],
)
def test_tokens_and_norms(
    characters: Language, text: str, tokens: list[str], normalised: list[str]
) -> None:
    doc = characters(text)
    assert texts(doc) == tokens
    assert norms(doc) == normalised


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("3，5亿", ["3", "，", "5", "亿"]),
        ("3,5亿", ["3", ",", "5", "亿"]),
        ("3、5亿", ["3", "、", "5", "亿"]),
        ("共12,3456", ["共", "12", ",", "3456"]),
        ("2024.", ["2024", "."]),
    ],
)
def test_marks_of_a_list_are_not_glued_to_numbers(
    characters: Language, text: str, tokens: list[str]
) -> None:
    assert texts(characters(text)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1.3M口罩", ["1", ".", "3", "M", "口", "罩"]),
        ("甲\n2.5G基站", ["甲", "\n", "2", ".", "5", "G", "基", "站"]),
        ("共1.3M", ["共", "1.3", "M"]),
        ("112.5亿", ["112.5", "亿"]),
    ],
)
def test_number_of_a_list_is_cut_off_at_the_start_of_a_line(
    characters: Language, text: str, tokens: list[str]
) -> None:
    assert texts(characters(text)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("雷克萨斯(cn)", ["雷", "克", "萨", "斯", "(", "cn", ")"]),
        ("中心(R&D)", ["中", "心", "(", "R", "&", "D", ")"]),
        ("中心 (chǎn)", ["中", "心", "(", "chǎn", ")"]),
        ("GWh(chǎn)", ["GWh", "(", "chǎn", ")"]),
    ],
)
def test_brackets_that_are_no_gloss_stay_apart(
    characters: Language, text: str, tokens: list[str]
) -> None:
    assert texts(characters(text)) == tokens


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("１２.5", "dd.d"),
        ("1,234.5", "d,ddd.d"),
        ("2024", "dddd"),
        ("20240630", "dddd"),
        ("GWh", "gwh"),
        ("產(chǎn)", "产"),
        ("，", ","),
        ("\n", " "),
        ("\u3000", " "),
        ("\n\n", "\n\n"),
    ],
)
def test_shape_is_the_norm_with_digits_masked(characters: Language, text: str, shape: str) -> None:
    assert characters(f"共{text}")[1].shape_ == shape


# --- lone surrogates ------------------------------------------------------------------------------


@given(st.text(max_size=20), st.characters(categories=["Cs"]), st.text(max_size=20))
def test_a_lone_surrogate_is_refused_with_its_position(
    characters: Language, before: str, surrogate: str, after: str
) -> None:
    expected = rf"lone surrogate U\+{ord(surrogate):04X} at character {len(before)}:"
    with pytest.raises(ValueError, match=expected):
        characters(before + surrogate + after)


# --- saved, copied, shared out --------------------------------------------------------------------


def assert_same_tokens(nlp: Language, other: Language) -> None:
    assert isinstance(other.tokenizer, CharTokenizer)
    for text in SAMPLES:
        assert texts(other(text)) == texts(nlp(text))
        assert norms(other(text)) == norms(nlp(text))


def test_round_trip_on_disk(characters: Language, tmp_path: Path) -> None:
    characters.to_disk(tmp_path)
    assert_same_tokens(characters, spacy.load(tmp_path))


def test_round_trip_in_bytes(characters: Language) -> None:
    other = spacy.blank("zh", config=characters.config)
    assert_same_tokens(characters, other.from_bytes(characters.to_bytes()))


def test_round_trip_by_pickle(characters: Language) -> None:
    assert_same_tokens(characters, pickle.loads(pickle.dumps(characters)))


def test_tokenizer_alone_can_be_pickled(characters: Language) -> None:
    tokenizer = pickle.loads(pickle.dumps(characters.tokenizer))
    assert norms(tokenizer("產(chǎn)業(yè)")) == ["产", "业"]


def test_two_processes_give_the_same(characters: Language) -> None:
    found = list(characters.pipe(SAMPLES * 3, n_process=2, batch_size=2))
    assert [texts(doc) for doc in found] == [texts(characters(text)) for text in SAMPLES * 3]
    assert [norms(doc) for doc in found] == [norms(characters(text)) for text in SAMPLES * 3]


def test_pipelines_without_it_keep_their_norms(characters: Language) -> None:
    assert norms(characters("產")) == ["产"]
    assert norms(spacy.blank("zh")("產")) == ["產"]


def test_a_vocabulary_that_knows_tokens_already() -> None:
    nlp = spacy.blank("zh")
    for text in ("產業２０24", "<br/>"):
        nlp(text)
    doc = CharTokenizer(nlp.vocab)("產業地塊２０24<br/>")
    assert norms(doc) == [*"产业地块", "2024", " "]
    assert [token.shape_ for token in doc] == [*"产业地块", "dddd", " "]
    assert [nlp.vocab[text].norm_ for text in "產２<"] == ["产", "2", "<"]


# --- what HTML leaves behind ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens", "forms"),
    [
        ("金山<br/>区", ["金", "山", "<br/>", "区"], ["金", "山", " ", "区"]),
        ('<p class="a">产', ['<p class="a">', "产"], [" ", "产"]),
        ("投产?/p>", ["投", "产", "?/p>"], ["投", "产", " "]),
        ("&ldquo;金&rdquo;", ["&ldquo;", "金", "&rdquo;"], ['"', "金", '"']),
        ("A&amp;B", ["A", "&amp;", "B"], ["a", "&", "b"]),
        ("5&#20159;元", ["5", "&#20159;", "元"], ["5", "亿", "元"]),
        ("a<b，c>d", ["a", "<", "b", "，", "c", ">", "d"], ["a", "<", "b", ",", "c", ">", "d"]),
        ("AT&T", ["AT", "&", "T"], ["at", "&", "t"]),
    ],
)
def test_markup_is_one_token(
    characters: Language, text: str, tokens: list[str], forms: list[str]
) -> None:
    doc = characters(text)
    assert (texts(doc), norms(doc)) == (tokens, forms)


def test_a_space_written_by_name_is_read_as_white_space(characters: Language) -> None:
    assert all(token.norm_.isspace() for token in characters("&nbsp;&emsp;<p>"))
