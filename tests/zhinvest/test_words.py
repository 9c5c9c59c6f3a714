"""Tests of the word component, on a real pkuseg model trained on a few sentences."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span, SpanGroup

from tests.conftest import ROOT, UNER
from zhinvest.documents import Document
from zhinvest.normalise import HAN
from zhinvest.scorer import doc_spans
from zhinvest.words import Words

LABELS = ("ORG", "PLACE", "MONEY")
FRAGMENTS = (
    "上海",
    "的工厂",
    "產(chǎn)業(yè)",
    "投资五亿元",
    "20GWh",
    "&#1;",
    "&nbsp;",
    "<p>",
    " ",
    "  ",
    "\n",
    "\u3000",
    "\x00",
)
MIXED = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4)).map("".join)
SENTENCE = "上海的工厂今天开工。"
WORDS = ["上海", "的", "工厂", "今天", "开工", "。"]


@pytest.fixture(scope="session")
def component(segmenter: Path) -> Words:
    words = Words()
    words.initialize(segmenter=segmenter)
    return words


@pytest.fixture
def words_nlp(characters: Language, component: Words) -> Language:
    """Characters, then words; nothing finds entities."""
    characters.add_pipe("zhinvest_words", name="words").from_bytes(component.to_bytes())
    return characters


def texts(doc: Doc) -> list[str]:
    return [token.text for token in doc]


# --- the words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (SENTENCE, WORDS),
        ("上海的工廠今天開工。", ["上海", "的", "工廠", "今天", "開工", "。"]),
        ("上海的工廠今天開(kāi)工。", ["上海", "的", "工廠", "今天", "開(kāi)工", "。"]),
        ("上海的 工厂", ["上海", "的", "工厂"]),
        ("上 海", ["上", "海"]),
        ("上海的\n\n工厂", ["上海", "的", "\n\n", "工厂"]),
        ("\u3000上海", ["\u3000", "上海"]),
        ("上海  工厂 ", ["上海", " ", "工厂"]),
    ],
)
def test_words(words_nlp: Language, text: str, words: list[str]) -> None:
    doc = words_nlp(text)
    assert texts(doc) == words
    assert doc.text == text


@pytest.mark.parametrize("gloss", ["", "(chǎn)"])
def test_script_and_glosses_change_no_word(
    characters: Language, component: Words, gloss: str
) -> None:
    """The segmenter has learnt these sentences in simplified script only."""
    traditional = OpenCC("s2t")
    lines = [line for line in UNER.read_text(encoding="utf-8").split("\n") if "# text" in line]
    assert len(lines) == 12
    for sentence in (line.removeprefix("# text = ") for line in lines):
        words = texts(component(characters(sentence)))
        converted = [re.sub(f"({HAN})", rf"\1{gloss}", traditional.convert(w)) for w in words]
        assert texts(component(characters("".join(converted)))) == converted


@given(MIXED)
def test_words_join_to_the_text(characters: Language, component: Words, text: str) -> None:
    doc = component(characters(text))
    assert doc.text == text
    assert [text[token.idx : token.idx + len(token)] for token in doc] == texts(doc)


@given(MIXED)
def test_words_are_made_of_whole_characters(
    characters: Language, component: Words, text: str
) -> None:
    before = characters(text)
    starts = {token.idx for token in before}
    for word in component(before):
        assert word.idx in starts
        assert word.is_space or not any(character.isspace() for character in word.text)


# --- entities and what else a Doc carries ---------------------------------------------------------


@st.composite
def spans(draw: st.DrawFn, length: int) -> list[tuple[int, int, str]]:
    """Draw spans of tokens that do not overlap, in order."""
    bounds = sorted(draw(st.sets(st.integers(0, length), max_size=8)))
    pairs = zip(bounds[::2], bounds[1::2], strict=False)
    return [(start, end, draw(st.sampled_from(LABELS))) for start, end in pairs]


@given(st.data(), MIXED)
def test_no_word_crosses_the_boundary_of_an_entity(
    characters: Language, component: Words, data: st.DataObject, text: str
) -> None:
    before = characters(text)
    before.ents = [
        Span(before, start, end, label=label)
        for start, end, label in data.draw(spans(len(before)))
        if not before[start:end].text.isspace()
    ]
    after = component(before)
    assert doc_spans(after) == doc_spans(before)
    bounds = {bound for start, end, _ in doc_spans(before) for bound in (start, end)}
    assert not any(word.idx < b < word.idx + len(word) for word in after for b in bounds)


def test_an_entity_within_a_word_cuts_it(characters: Language, component: Words) -> None:
    doc = characters(SENTENCE)
    doc.ents = [Span(doc, 1, 4, label="ORG", kb_id="Q1", span_id="s1")]
    words = component(doc)
    assert texts(words)[0] == "上"
    assert [(e.text, e.label_, e.kb_id_, e.id_) for e in words.ents] == [
        ("海的工", "ORG", "Q1", "s1")
    ]


def test_user_data_categories_and_context_are_kept(characters: Language, component: Words) -> None:
    doc = characters(SENTENCE)
    doc.user_data["source"] = "日报"
    doc.cats = {"announcement": 1.0}
    doc._context = {"row": 7}
    words = component(doc)
    assert words.user_data == {"source": "日报"}
    assert words.cats == {"announcement": 1.0}
    assert words._context == {"row": 7}
    assert words.vocab is doc.vocab


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 2, "上海"),
        (3, 7, "工厂今天"),
        (1, 4, "上海的工厂"),
        (1, 2, "上海"),
        (6, 8, "今天开工"),
        (0, 10, SENTENCE),
        (0, 0, ""),
        (4, 4, ""),
        (10, 10, ""),
    ],
)
def test_spans_grow_to_whole_words(
    characters: Language, component: Words, start: int, end: int, text: str
) -> None:
    doc = characters(SENTENCE)
    span = Span(doc, start, end, label="NEWS", kb_id="Q1", span_id="s1")
    doc.spans["news"] = [span]
    words = component(doc)
    assert texts(words) == WORDS
    (found,) = words.spans["news"]
    assert (found.text, found.label_, found.kb_id_, found.id_) == (text, "NEWS", "Q1", "s1")
    if text:
        same = words.char_span(span.start_char, span.end_char, alignment_mode="expand")
        assert (found.start, found.end) == (same.start, same.end)


def test_groups_of_spans_are_kept(characters: Language, component: Words) -> None:
    doc = characters(SENTENCE)
    overlapping = [doc[3:5], doc[0:5], doc[3:5]]
    doc.spans["a"] = SpanGroup(doc, name="b", attrs={"by": "甲"}, spans=overlapping)
    doc.spans["none"] = []
    words = component(doc)
    assert {key: [span.text for span in group] for key, group in words.spans.items()} == {
        "a": ["工厂", "上海的工厂", "工厂"],
        "none": [],
    }
    assert (words.spans["a"].name, words.spans["a"].attrs) == ("b", {"by": "甲"})
    assert words.spans["a"].doc is words


@pytest.mark.parametrize(
    ("starts", "words", "expected"),
    [
        ({}, WORDS, [0, 0, 0, 0, 0, 0]),
        ({5: True}, WORDS, [0, 0, 0, 1, 0, 0]),
        ({5: True, 7: False}, WORDS, [0, 0, 0, 1, -1, 0]),
        ({6: False}, WORDS, [0, 0, 0, 0, 0, 0]),
        ({4: True}, ["上海", "的", "工", "厂", "今天", "开工", "。"], [0, 0, 0, 1, 0, 0, 0]),
    ],
)
def test_starts_of_sentences_are_kept(
    characters: Language,
    component: Words,
    starts: dict[int, bool],
    words: list[str],
    expected: list[int],
) -> None:
    doc = characters(SENTENCE)
    for place, is_start in starts.items():
        doc[place].is_sent_start = is_start
    found = component(doc)
    assert texts(found) == words
    kinds = {True: 1, False: -1, None: 0}
    assert [0, *(kinds[token.is_sent_start] for token in found[1:])] == expected


@given(MIXED)
def test_sentences_found_before_are_those_found_after(
    characters: Language, component: Words, text: str
) -> None:
    before = Sentencizer()(characters(text))
    after = component(before)
    assert [sent.text for sent in after.sents] == [sent.text for sent in before.sents]


def test_pipe_keeps_contexts(words_nlp: Language) -> None:
    pairs = [(SENTENCE, {"row": number}) for number in range(5)]
    found = list(words_nlp.pipe(pairs, as_tuples=True, batch_size=2))
    assert [context for _, context in found] == [{"row": number} for number in range(5)]
    assert all(texts(doc) == WORDS for doc, _ in found)


def test_two_processes_give_the_same(words_nlp: Language) -> None:
    found = words_nlp.pipe([SENTENCE, "", "上海"] * 2, n_process=2, batch_size=2)
    assert [texts(doc) for doc in found] == [WORDS, [], ["上海"]] * 2


def test_trained_pipeline_gives_words_entities_and_sentences(
    pipeline: Language, gold: list[Document]
) -> None:
    document = gold[0]
    doc = pipeline(document.text)
    assert doc.text == document.text
    assert len(doc) < len(document.text) * 0.9
    assert len(set(doc_spans(doc)) & set(document.ents)) > len(document.ents) * 0.9
    assert len(list(doc.sents)) > 5


# --- saved, copied, without a model ---------------------------------------------------------------


def assert_same_words(component: Words, characters: Language) -> None:
    assert texts(component(characters(SENTENCE))) == WORDS


def test_round_trip_in_bytes(component: Words, characters: Language) -> None:
    assert_same_words(Words().from_bytes(component.to_bytes()), characters)


def test_round_trip_on_disk(component: Words, characters: Language, tmp_path: Path) -> None:
    component.to_disk(tmp_path / "words")
    assert {path.name for path in (tmp_path / "words").iterdir()} == {
        "features.msgpack",
        "weights.npz",
    }
    assert_same_words(Words().from_disk(tmp_path / "words"), characters)


def test_round_trip_by_pickle(component: Words, characters: Language) -> None:
    copy = pickle.loads(pickle.dumps(component))
    assert copy.name == "words"
    assert_same_words(copy, characters)


def test_pipeline_round_trips(words_nlp: Language, tmp_path: Path) -> None:
    words_nlp.to_disk(tmp_path)
    from_bytes = spacy.blank("zh", config=words_nlp.config).from_bytes(words_nlp.to_bytes())
    for nlp in (spacy.load(tmp_path), from_bytes, pickle.loads(pickle.dumps(words_nlp))):
        assert texts(nlp(SENTENCE)) == WORDS


def test_without_a_model_the_error_says_so(characters: Language) -> None:
    component = Words("cutter")
    for empty in (component, Words("cutter").from_bytes(component.to_bytes())):
        with pytest.raises(ValueError, match="component 'cutter' holds no pkuseg model"):
            empty(characters(SENTENCE))


def test_initialising_without_a_folder_names_the_setting(characters: Language) -> None:
    characters.add_pipe("zhinvest_words", name="words")
    with pytest.raises(ValueError, match=r"set \[initialize\.components\.words\] segmenter"):
        characters.initialize()


def test_missing_model_file_is_named(segmenter: Path, tmp_path: Path) -> None:
    (tmp_path / "features.msgpack").write_bytes((segmenter / "features.msgpack").read_bytes())
    with pytest.raises(FileNotFoundError, match=r"weights\.npz"):
        Words().from_disk(tmp_path)


OFFLINE = """
import os, sys

NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
sys.addaudithook(lambda event, _: os._exit(3) if event in NETWORK else None)

import spacy

print(" ".join(token.text for token in spacy.load(sys.argv[1], exclude=["ner"])(sys.argv[2])))
"""


def test_needs_neither_network_nor_home(pipeline_folder: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PKUSEG_HOME"}
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE, pipeline_folder, SENTENCE],
        cwd=ROOT,
        env=environment | {"HOME": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == WORDS
    assert list(tmp_path.iterdir()) == []
