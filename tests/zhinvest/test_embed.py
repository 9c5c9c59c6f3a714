"""Tests of the embedding of characters and of their neighbours."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from thinc.api import Model

from zhinvest.embed import TABLES, Keys, hash_rows, ngram_hash_embed, ngram_keys

KEYS = st.lists(st.integers(0, 2**64 - 1), max_size=12)
WIDTH, ROWS, WIDTHS = 8, [500, 1000, 2000], [6, 4, 2]


def array(keys: list[int]) -> Keys:
    return np.array(keys, dtype=np.uint64)


@pytest.fixture
def model() -> Model[Any, Any]:
    result = ngram_hash_embed(width=WIDTH, rows=ROWS, widths=WIDTHS, maxout_pieces=2)
    result.initialize()
    return result


# --- keys of n-grams ------------------------------------------------------------------------------


@given(KEYS)
def test_each_token_has_four_keys(keys: list[int]) -> None:
    columns = ngram_keys(array(keys))
    assert [column.shape for column in columns] == [(len(keys),)] * 4
    np.testing.assert_array_equal(columns[0], array(keys))


@given(KEYS)
def test_the_right_pair_is_the_left_pair_of_the_next(keys: list[int]) -> None:
    _, left, right, _ = ngram_keys(array(keys))
    np.testing.assert_array_equal(right[:-1], left[1:])


@given(KEYS.filter(bool), st.data(), st.integers(0, 2**64 - 1))
def test_a_token_changes_the_keys_that_it_is_part_of(
    keys: list[int], data: st.DataObject, other: int
) -> None:
    place = data.draw(st.integers(0, len(keys) - 1))
    changed = [*keys[:place], other, *keys[place + 1 :]]
    reach = [(0, 0), (0, 1), (-1, 0), (-1, 1)]
    for before, after, (first, last) in zip(
        ngram_keys(array(keys)), ngram_keys(array(changed)), reach, strict=True
    ):
        touched = set(range(max(place + first, 0), min(place + last, len(keys) - 1) + 1))
        expected = touched if other != keys[place] else set()
        assert set(np.flatnonzero(before != after).tolist()) == expected


def test_every_triple_has_keys_of_its_own() -> None:
    numbers = range(1, 13)
    triples = [[a, b, c] for a in numbers for b in numbers for c in numbers]
    middle = [[int(column[1]) for column in ngram_keys(array(triple))] for triple in triples]
    singles, left, right, whole = (set(column) for column in zip(*middle, strict=True))
    assert [len(singles), len(left), len(right), len(whole)] == [12, 144, 144, 1728]


def test_an_ngram_has_the_same_key_anywhere() -> None:
    alone, within = ngram_keys(array([5, 6, 7])), ngram_keys(array([1, 5, 6, 7, 2]))
    assert [int(column[1]) for column in alone] == [int(column[2]) for column in within]


@given(KEYS, st.integers(1, 10_000))
def test_rows_lie_in_the_table(keys: list[int], size: int) -> None:
    rows = hash_rows(array(keys), size)
    assert rows.shape == (len(keys), 2)
    assert rows.dtype == np.uint32
    assert not (rows >= size).any()
    np.testing.assert_array_equal(rows[::-1], hash_rows(array(keys[::-1]), size))


@pytest.mark.parametrize(
    "keys",
    [
        np.random.default_rng(0).integers(1, 2**64, 2000, dtype=np.uint64),
        np.arange(2000, dtype=np.uint64),
        np.arange(2000, dtype=np.uint64) << np.uint64(20),
    ],
)
def test_rows_are_spread_and_seldom_shared(keys: Keys) -> None:
    rows = hash_rows(keys, 1024)
    for column in rows.T:
        assert np.bincount(column, minlength=1024).max() < 20
        assert len(np.unique(column)) > 500
    assert len(np.unique(rows, axis=0)) > 1900


# --- the model ------------------------------------------------------------------------------------


def test_one_row_for_each_token(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in ("上海投资", "", "產(chǎn)業(yè)", "甲")]
    arrays = model.predict(docs)
    assert [array.shape for array in arrays] == [(4, WIDTH), (0, WIDTH), (2, WIDTH), (1, WIDTH)]
    assert all(np.isfinite(array).all() for array in arrays)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("產(chǎn)業(yè)１２", "产业12"),
        ("投资12亿", "投资34亿"),
        ("投资12345亿", "投资678901亿"),
        ("共1.5亿", "共2.7亿"),
        ("ＧＷＨ", "gwh"),
    ],
)
def test_what_reads_alike_is_embedded_alike(
    model: Model[Any, Any], characters: Language, text: str, other: str
) -> None:
    first, second = model.predict([characters(text), characters(other)])
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("上海投资", "上海投产", [True, True, False, False]),
        ("上海投资", "北海投资", [False, False, True, True]),
        ("共5亿", "共55亿", [False, False, False]),
        ("上海", "海上", [False, False]),
    ],
)
def test_a_token_sees_its_neighbours(
    model: Model[Any, Any], characters: Language, text: str, other: str, same: list[bool]
) -> None:
    first, second = model.predict([characters(text), characters(other)])
    assert [np.allclose(a, b) for a, b in zip(first, second, strict=True)] == same


def test_gradients_are_those_of_a_linear_layer(
    model: Model[Any, Any], characters: Language
) -> None:
    """Where output is linear in the tables, gradient times table adds up to the output."""
    layer = model.layers[0]
    docs = [characters("上海上海投资五亿元"), characters("上")]
    output, backprop = layer.begin_update(docs)
    weights = np.random.default_rng(0).normal(size=output.dataXd.shape).astype("float32")
    assert output.dataXd.shape == (10, WIDTHS[0] + 2 * WIDTHS[1] + WIDTHS[2])
    expected = float((output.dataXd * weights).sum())
    output.data = weights
    backprop(output)
    found = sum(float((layer.get_grad(t) * layer.get_param(t)).sum()) for t in TABLES)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert all(layer.get_grad(table).any() for table in TABLES)


def test_initialising_again_keeps_what_was_learnt(model: Model[Any, Any]) -> None:
    before = {table: model.layers[0].get_param(table).copy() for table in TABLES}
    assert {table: array.shape for table, array in before.items()} == dict(
        zip(TABLES, zip(ROWS, WIDTHS, strict=True), strict=True)
    )
    model.initialize()
    for table, values in before.items():
        np.testing.assert_array_equal(model.layers[0].get_param(table), values)


def test_round_trip_in_bytes(model: Model[Any, Any], characters: Language) -> None:
    other = ngram_hash_embed(width=WIDTH, rows=ROWS, widths=WIDTHS, maxout_pieces=2)
    other.from_bytes(model.to_bytes())
    docs = [characters("上海投资五亿元")]
    np.testing.assert_array_equal(other.predict(docs)[0], model.predict(docs)[0])
