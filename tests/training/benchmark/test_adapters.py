"""Tests of what the adapters share, of the rules, and of the Viterbi search."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.benchmark.adapters.common import plain, sentences, tagged_words
from training.benchmark.adapters.rules import read_text
from training.benchmark.adapters.viterbi import viterbi_decode


@given(st.text("上海。！\n；ab", max_size=60), st.integers(1, 10))
def test_sentences_join_to_the_text(text: str, limit: int) -> None:
    pieces = sentences(text, limit)
    assert "".join(piece for _, piece in pieces) == text
    assert all(text[offset : offset + len(piece)] == piece for offset, piece in pieces)
    assert all(len(piece) <= limit for _, piece in pieces)


def test_tagged_words() -> None:
    words = [("在", "p"), ("上海", "LOC"), ("投资", "v"), ("青川重工", "ORG")]
    assert tagged_words(words, {"LOC": "PLACE", "ORG": "ORG"}, 10) == [
        (11, 13, "PLACE"),
        (15, 19, "ORG"),
    ]


def test_rules() -> None:
    text = "青川重工有限公司在常州市投资12亿元，年产5万吨钢材。"
    found = [(text[start:end], label) for start, end, label in read_text(text)]
    assert ("12亿元", "MONEY") in found
    assert ("5万吨", "CAPACITY") in found
    assert ("青川重工有限公司", "ORG") in found
    assert ("常州市", "PLACE") in found


@given(st.text("上海市公司在12亿元吨年产、。", max_size=60))
def test_rules_never_overlap(text: str) -> None:
    spans = read_text(text)
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@pytest.mark.parametrize("seed", range(10))
def test_viterbi_is_the_best_of_all_sequences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unary, transitions = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))

    def score(tags: tuple[int, ...]) -> float:
        moves = sum(transitions[a, b] for a, b in pairwise(tags))
        return float(sum(unary[i, tag] for i, tag in enumerate(tags)) + moves)

    best = max(product(range(3), repeat=5), key=score)
    tags, value = viterbi_decode(unary, transitions)
    assert tuple(tags) == best
    assert value == pytest.approx(score(best))


def test_numbers_are_written_out() -> None:
    from decimal import Decimal

    assert plain(Decimal("1200000000.00")) == "1200000000"
    assert plain(Decimal("1E+3")) == "1000"
