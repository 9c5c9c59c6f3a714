"""Tests of texts as arrays: what is written, and the windows and batches read from it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from spacy.attrs import SHAPE
from spacy.language import Language
from spacy.strings import get_string_id
from typer.testing import CliRunner

from tests.conftest import TINY, UNER
from tests.tiny_bert import read_pieces, write_vocabulary
from training.arrays import Reader, main, read_unlabelled, sequences
from training.distil import data
from training.distil.data import BEGIN, END, FIRST, MISSING, PAD, Arrays, Texts
from zhinvest import encoder
from zhinvest.documents import CorpusError, Document, read_documents, write_documents, write_rows
from zhinvest.tags import tag_spans

GOLD = read_documents(TINY)
SETS = ("gold", "dev", "public", "unlabelled")
CLEAN = "某地的一家企业昨天宣布，将在明年建成一条全新的生产线，并招收两百名工人。"
DEV = Document("dev-1", "青云科技有限公司计划在滨海新区投资五亿元建设新厂房，年底投产。")


def arrays_command(*arguments: str | Path) -> None:
    """Run the command; what it raises is raised."""
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [CLEAN, DEV.text, *(document.text for document in GOLD[1:])]
    return write_vocabulary(tmp_path_factory.mktemp("vocabulary"), texts)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory, vocabulary: Path) -> Arrays:
    """Arrays of the tiny corpus, with the first article as dev and two unlabelled texts."""
    folder = tmp_path_factory.mktemp("arrays")
    write_documents(folder / "gold.jsonl", GOLD[1:])
    write_documents(folder / "dev.jsonl", GOLD[:1])
    texts = [CLEAN, GOLD[0].text, "　" + CLEAN * 200, "短。", CLEAN + "{width: 3px;}"]
    write_rows(folder / "texts.jsonl", [{"text": text} for text in texts])
    files = ["--dev", folder / "dev.jsonl", "--unlabelled", folder / "texts.jsonl"]
    others = ["--public", f"uner:{UNER}", "--vocabulary", vocabulary]
    output = folder / "deep" / "arrays.npz"
    arrays_command(folder / "gold.jsonl", *files, *others, "--output", output)
    return data.read_arrays(output)


# --- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_lengths_agree(arrays: Arrays, name: str) -> None:
    texts = data.read_texts(arrays, name)
    assert texts.offsets[0] == 0
    assert (np.diff(texts.offsets) > 0).all()
    assert texts.offsets[-1] == len(texts.indices) == len(texts.firsts) == len(texts.tags)
    assert texts.firsts.sum() == len(texts.keys) == len(texts.token_tags)
    assert texts.firsts[texts.offsets[:-1]].all()
    assert texts.token_offsets[-1] == len(texts.keys)
    assert len(texts.tokens) == len(texts.indices)


def test_sets_have_their_documents(arrays: Arrays) -> None:
    numbers = {name: len(arrays[f"{name}.offsets"]) - 1 for name in SETS}
    assert numbers["gold"] == len(GOLD) - 1
    assert (numbers["dev"], numbers["unlabelled"]) == (1, 2)
    assert numbers["public"] > 0


@pytest.mark.parametrize(("name", "documents"), [("gold", GOLD[1:]), ("dev", GOLD[:1])])
def test_tags_decode_back_to_the_gold_spans(
    arrays: Arrays, characters: Language, name: str, documents: list[Document]
) -> None:
    texts = data.read_texts(arrays, name)
    paths = np.split(texts.token_tags.astype(np.int64), texts.token_offsets[1:-1])
    for document, path in zip(documents, paths, strict=True):
        doc = characters(document.text)
        assert len(path) == len(doc)
        spans = [(doc[start:end], label) for start, end, label in tag_spans(path)]
        assert [(s.start_char, s.end_char, label) for s, label in spans] == document.ents


def test_positions_that_begin_no_token_are_missing(arrays: Arrays) -> None:
    texts = data.read_texts(arrays, "gold")
    assert not texts.firsts.all()
    assert (texts.tags[~texts.firsts] == MISSING).all()
    assert (texts.tags[texts.firsts] >= 0).all()


def test_possible_figures_of_public_sets_are_missing(vocabulary: Path) -> None:
    document = Document("p", "上海的人口有2487万，很多。", [(0, 2, "PLACE")])
    (encoded,) = Reader(vocabulary).labelled([document], partial=True)
    firsts = encoded.positions >= FIRST
    assert encoded.tags[firsts].tolist() == [3, 4, *[0] * 4, *[MISSING] * 2, *[0] * 4]


def test_positions_are_those_of_the_encoder(
    arrays: Arrays, characters: Language, vocabulary: Path
) -> None:
    index = {piece: i for i, piece in enumerate(read_pieces(vocabulary))}
    windows = encoder.cut_windows(0, characters(GOLD[0].text), index)
    read = [i for window in windows for i in window.indices[1:]]
    assert data.read_texts(arrays, "dev").indices.tolist() == read
    assert encoder.UNKNOWN in read
    assert index["▁"] in read


def test_keys_are_the_shapes(arrays: Arrays, characters: Language) -> None:
    found = data.read_texts(arrays, "dev").keys.view(np.uint64)
    expected = characters(GOLD[0].text).to_array(SHAPE).astype(np.uint64)
    np.testing.assert_array_equal(found, expected)


def test_special_entries_are_those_of_the_encoder() -> None:
    ours = (data.BEGIN, data.PAD, data.END, data.UNKNOWN)
    assert ours == (encoder.BEGIN, encoder.PAD, encoder.END, encoder.UNKNOWN)


def test_stops_end_sentences(arrays: Arrays, vocabulary: Path) -> None:
    pieces = read_pieces(vocabulary)
    stops = {pieces[i] for i in arrays["stops"]}
    assert "。" in stops
    assert stops <= set("。！？；;!?")


def test_a_token_longer_than_a_window_is_cut(vocabulary: Path) -> None:
    (encoded,) = Reader(vocabulary).labelled([Document("long", "x" * 2000)])
    assert len(encoded.positions) == data.WINDOW - 1
    assert (encoded.positions >= FIRST).sum() == 1


def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    pieces = [[str(number), 0.0] for number in range(FIRST + 1)]
    path.write_text(json.dumps({"model": {"vocab": pieces}}))
    with pytest.raises(CorpusError, match="at most 32768 fit"):
        Reader(path)


# --- unlabelled texts ----------------------------------------------------------------------------


def test_unlabelled_documents_end_with_a_separator(arrays: Arrays, characters: Language) -> None:
    texts = data.read_texts(arrays, "unlabelled")
    ends = texts.offsets[1:] - 1
    assert (texts.indices[ends] == END).all()
    assert (texts.indices == END).sum() == len(ends)
    last = texts.keys.view(np.uint64)[texts.token_offsets[1:] - 1]
    assert (last == get_string_id("\n")).all()
    assert (texts.token_offsets[1] - 1) == len(characters(CLEAN))


def test_short_texts_and_pages_are_left_out_and_long_ones_cut(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    texts = ["短" * 29, " " + "够" * 30, "长" * 5000, "页" * 40 + "px;"]
    write_rows(path, [{"text": text} for text in texts])
    assert list(read_unlabelled([path])) == ["够" * 30, "长" * 4000]


@pytest.mark.parametrize("row", [{"title": "无"}, ["表"], {"text": None}])
def test_a_row_without_text_is_refused(tmp_path: Path, row: Any) -> None:
    path = tmp_path / "texts.jsonl"
    write_rows(path, [row])
    with pytest.raises(CorpusError, match=r"texts\.jsonl:1: needs 'text'"):
        list(read_unlabelled([path]))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (CLEAN, True),
        (CLEAN + DEV.text[3:16], True),
        (CLEAN + DEV.text[3:17], False),
        (DEV.text[-14:] + CLEAN, False),
        (CLEAN + "青雲科技有限公司計劃在濱海新區", False),
        (CLEAN + "青云科技有限公司\n计划　在滨海新区", False),
        (CLEAN + "青云科技有限公司计(jì)划在滨海新区", False),
    ],
)
def test_texts_that_share_fourteen_characters_are_left_out(
    vocabulary: Path, text: str, kept: bool
) -> None:
    reader = Reader(vocabulary)
    assert len(reader.unlabelled([text], reader.held_out([DEV]))) == kept


def test_held_out_articles_are_left_out_as_dev_is(tmp_path: Path, vocabulary: Path) -> None:
    write_documents(tmp_path / "gold.jsonl", GOLD[:1])
    write_documents(tmp_path / "held.jsonl", [DEV])
    write_rows(tmp_path / "texts.jsonl", [{"text": DEV.text}, {"text": CLEAN}])
    options = ["--dev", tmp_path / "gold.jsonl", "--held-out", tmp_path / "held.jsonl"]
    options += ["--unlabelled", tmp_path / "texts.jsonl", "--vocabulary", vocabulary]
    arrays_command(tmp_path / "gold.jsonl", *options, "--output", tmp_path / "a.npz")
    arrays = data.read_arrays(tmp_path / "a.npz")
    assert len(arrays["unlabelled.offsets"]) - 1 == 1
    assert len(arrays["public.positions"]) == 0


def test_a_share_of_the_unlabelled_texts(tmp_path: Path, vocabulary: Path) -> None:
    write_documents(tmp_path / "gold.jsonl", GOLD[:1])
    write_rows(tmp_path / "texts.jsonl", [{"text": f"第{i}条{CLEAN}"} for i in range(60)])
    options = ["--dev", tmp_path / "gold.jsonl", "--unlabelled", tmp_path / "texts.jsonl"]
    options += ["--vocabulary", vocabulary, "--share", "0.5"]
    found = []
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        path = tmp_path / f"{name}.npz"
        arrays_command(tmp_path / "gold.jsonl", *options, "--seed", seed, "--output", path)
        found.append(data.read_arrays(path)["unlabelled.positions"])
    assert 15 < (found[0] == data.END | data.FIRST).sum() < 45
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_sequences_of_a_short_form() -> None:
    assert list(sequences("字" * 13)) == []
    assert list(sequences("字" * 15)) == ["字" * 14] * 2


@pytest.mark.parametrize("fault", ["none:x", "uner", "uner:missing.iob2"])
def test_a_wrong_asset_leaves_no_file(tmp_path: Path, vocabulary: Path, fault: str) -> None:
    options = ["--dev", TINY, "--vocabulary", vocabulary, "--public", fault]
    with pytest.raises((SystemExit, OSError)):
        arrays_command(TINY, *options, "--output", tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


# --- windows and batches -------------------------------------------------------------------------

STOP, OTHER = 5, 6
LIMIT = 12


@st.composite
def some_texts(draw: st.DrawFn) -> Texts:
    """Documents of random tokens, none of them longer than half a window."""
    documents = draw(
        st.lists(st.lists(st.integers(1, LIMIT // 2), min_size=1, max_size=30), max_size=5)
    )
    lengths = [length for document in documents for length in document]
    firsts = [i == 0 for length in lengths for i in range(length)]
    indices = [draw(st.sampled_from([STOP, OTHER])) for _ in firsts]
    return Texts(
        np.array(indices, np.int32),
        np.array(firsts, bool),
        np.where(firsts, 0, MISSING).astype(np.int8),
        np.arange(len(lengths), dtype=np.int64),
        np.cumsum([0, *(sum(document) for document in documents)]),
    )


@given(some_texts())
def test_windows_hold_every_position_once_and_begin_with_tokens(texts: Texts) -> None:
    windows = data.cut(texts, [STOP], LIMIT)
    covered = [i for start, end in windows for i in range(start, end)]
    assert covered == list(range(len(texts.indices)))
    assert all(0 < end - start <= LIMIT for start, end in windows)
    assert texts.firsts[windows[:, 0]].all()
    assert set(texts.offsets[:-1].tolist()) <= {*windows[:, 0].tolist(), len(covered)}


def plain_texts(*lengths: int) -> Texts:
    """Documents of the given numbers of tokens of one position, numbered from 10."""
    size = sum(lengths)
    numbers = np.arange(size)
    ones, tags = np.ones(size, bool), np.zeros(size, np.int8)
    return Texts((numbers + 10).astype(np.int32), ones, tags, numbers, np.cumsum([0, *lengths]))


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ([], [[0, 12], [12, 20]]),
        ([10 + 8], [[0, 9], [9, 20]]),
        ([10 + 7, 10 + 9], [[0, 10], [10, 20]]),
        ([10 + 3], [[0, 12], [12, 20]]),
        ([10 + 11], [[0, 12], [12, 20]]),
    ],
)
def test_windows_end_with_the_last_stop_of_their_second_half(
    stops: list[int], expected: list[list[int]]
) -> None:
    assert data.cut(plain_texts(20), stops, LIMIT).tolist() == expected


WINDOWS = st.lists(st.integers(1, 30), max_size=40).map(
    lambda lengths: np.array([[10, 10 + n] for n in lengths], dtype=np.int64).reshape(-1, 2)
)


@given(WINDOWS, st.integers(31, 200), st.one_of(st.none(), st.integers(0, 9)))
def test_batches_have_every_window_once_and_fit(
    windows: data.Integers, positions: int, seed: int | None
) -> None:
    found = data.batches(windows, positions, None if seed is None else Random(seed))
    rows = [int(row) for batch in found for row in batch]
    assert sorted(rows) == list(range(len(windows)))
    for batch in found:
        assert len(batch) * (1 + (windows[batch, 1] - windows[batch, 0]).max()) <= positions


def test_batches_are_shuffled_by_the_seed() -> None:
    windows = np.array([[0, n % 60 + 1] for n in range(200)])
    one, same, other = (data.batches(windows, 300, Random(seed)) for seed in (1, 1, 2))
    assert [b.tolist() for b in one] == [b.tolist() for b in same]
    assert [b.tolist() for b in one] != [b.tolist() for b in other]
    padding = sum(len(b) * (windows[b, 1].max() + 1) for b in one) / (windows[:, 1] + 1).sum()
    assert padding < 1.8


def test_a_padded_batch() -> None:
    texts = plain_texts(3, 2)
    texts.firsts[1] = False
    texts.tags[:] = [1, MISSING, 2, 0, 3]
    batch = data.padded(texts, np.array([[3, 5], [0, 3]]))
    assert batch.indices.tolist() == [[BEGIN, 13, 14, PAD], [BEGIN, 10, 11, 12]]
    assert batch.tags.tolist() == [[MISSING, 0, 3, MISSING], [MISSING, 1, MISSING, 2]]
    assert batch.firsts.tolist() == [[False, True, True, False], [False, True, False, True]]
    assert batch.tokens.tolist() == [2, 3, 0, 1]
