"""Tests of the segmenter: it finds the words that spacy-pkuseg finds, and n-grams."""

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy_pkuseg
from hypothesis import given
from hypothesis import strategies as st
from spacy_pkuseg.inference import getLogYY

from zhinvest.documents import Document
from zhinvest.normalise import normalise
from zhinvest.segmenter import FEATURES, WEIGHTS, Segmenter, Trie

ODD = "二〇5５%％ＡａA-._,|/*:＆&\x00\ue000\ue001\U00020000\u200b"
SYMBOLS = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@pytest.fixture(scope="session")
def ours(segmenter: Path) -> Segmenter:
    return Segmenter({file: (segmenter / file).read_bytes() for file in (FEATURES, WEIGHTS)})


@pytest.fixture(scope="session")
def theirs(segmenter: Path) -> Any:
    return spacy_pkuseg.pkuseg(str(segmenter), user_dict=None)


def words(segmenter: Segmenter, texts: list[str]) -> list[list[str]]:
    cuts = [[*np.flatnonzero(begins), len(begins)] for begins in segmenter.starts(texts)]
    return [
        [text[start:end] for start, end in pairwise(bounds)]
        for text, bounds in zip(texts, cuts, strict=True)
    ]


def test_words_of_articles_are_those_of_pkuseg(
    ours: Segmenter, theirs: Any, gold: list[Document]
) -> None:
    texts = ["".join(normalise(document.text).split()) for document in gold]
    assert words(ours, texts) == [theirs.cut(text) for text in texts]


@given(st.data())
def test_scores_of_any_text_are_those_of_pkuseg(
    ours: Segmenter, theirs: Any, gold: list[Document], data: st.DataObject
) -> None:
    """Its words may differ where two paths are equally good: sums differ in the last digit."""
    alphabet = "".join(sorted({c for d in gold for c in normalise(d.text) if not c.isspace()}))
    text = data.draw(st.text(st.sampled_from(alphabet + ODD), min_size=1, max_size=12))
    extractor, model = theirs.feature_extractor, theirs.model
    read = list(extractor.normalize_text(text))
    features = [extractor.get_node_features_idx(i, read) for i in range(len(read))]
    nodes, edges = getLogYY(features, model.n_tag, model.n_feature * model.n_tag, model.w, 1.0)
    np.testing.assert_allclose(ours.scores(text), nodes, atol=1e-9)
    np.testing.assert_allclose(ours.edges, edges)


def test_no_text(ours: Segmenter) -> None:
    assert ours.starts([]) == []
    assert [begins.tolist() for begins in ours.starts(["", "上", ""])] == [[], [True], []]
    assert ours.scores("").shape == (0, 5)


def test_a_word_begins_with_every_text(ours: Segmenter) -> None:
    assert [bool(begins[0]) for begins in ours.starts(["的", "\x00", "，。"])] == [True] * 3


@given(st.lists(SYMBOLS, min_size=1, max_size=6), st.lists(st.integers(0, 3), max_size=12))
def test_the_trie_finds_every_beginning_of_an_ngram(
    ngrams: list[list[int]], text: list[int]
) -> None:
    trie = Trie(np.array([ngram + [0] * (4 - len(ngram)) for ngram in ngrams]))
    text = [symbol if any(symbol in ngram for ngram in ngrams) else 0 for symbol in text]
    places, nodes = trie.find(np.array([*text, 0]))
    found = {(place, node) for place, node in zip(places, nodes, strict=True) if node}
    beginnings = {tuple(head) for ngram in ngrams for head in accumulate([s] for s in ngram)}
    assert len(trie) == len(beginnings) + 1
    assert len(found) == sum(
        tuple(text[place : place + length]) in beginnings
        for place in range(len(text))
        for length in range(1, 5)
        if place + length <= len(text)
    )
    for ngram, end in zip(ngrams, trie.ends, strict=True):
        there = {i for i in range(len(text)) if text[i : i + len(ngram)] == ngram}
        assert there == {place for place, node in found if node == end}
