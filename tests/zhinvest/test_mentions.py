"""Tests of mentions: which tokens are a name's, and how far they share their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zhinvest.mentions import share
from zhinvest.tags import TAGS, decode

ORG, IN_ORG, PLACE, IN_PLACE, MONEY, IN_MONEY = range(1, 7)
_WIDTH = len(TAGS)


def keys(text: str) -> Any:
    return np.array([ord(character) for character in text], dtype=np.uint64)


def scored(path: list[int]) -> Any:
    """Return scores that are different at every token, the best tags being `path`."""
    array = np.arange(len(path) * _WIDTH, dtype=np.float32).reshape(-1, _WIDTH) / 1000
    array[range(len(path)), path] += 5
    return array


def changed(text: str, path: list[int], weight: float = 1.0) -> list[int]:
    """Return the tokens whose scores are no longer what they were."""
    array = scored(path)
    before = array.copy()
    result = share(array, keys(text), np.array(path, dtype=np.int64), weight)
    np.testing.assert_array_equal(array, before)
    return np.flatnonzero((result != array).any(axis=1)).tolist()


def test_a_name_missed_once_is_a_mention() -> None:
    assert changed("青云在青云", [1, 2, 0, 0, 0]) == [0, 1, 3, 4]


def test_scores_become_the_mean() -> None:
    array = scored([1, 2, 0, 0, 0])
    result = share(array, keys("青云在青云"), np.array([1, 2, 0, 0, 0]), 0.75)
    mean = (array[[0, 1]] + array[[3, 4]]) / 2
    np.testing.assert_allclose(result[[0, 1]], 0.25 * array[[0, 1]] + 0.75 * mean, rtol=1e-5)
    np.testing.assert_allclose(result[[3, 4]], 0.25 * array[[3, 4]] + 0.75 * mean, rtol=1e-5)
    np.testing.assert_array_equal(result[2], array[2])


def test_most_mentions_decide() -> None:
    path = [ORG, IN_ORG, 0, ORG, IN_ORG, 0, PLACE, IN_PLACE]
    result = share(scored(path), keys("青云，青云，青云"), np.array(path), 0.9)
    (found,) = decode([result])
    assert found.tolist() == [ORG, IN_ORG, 0, ORG, IN_ORG, 0, ORG, IN_ORG]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("青云在青山", [1, 2, 0, 0, 0]),
        ("青云", [1, 2]),
        ("青", [1]),
        ("青在青", [1, 0, 0]),
        ("五亿五亿", [MONEY, IN_MONEY, 0, 0]),
        ("青云和青云", [0, 0, 0, 0, 0]),
    ],
    ids=["another", "once", "one-token", "names-of-one", "amounts", "no-name"],
)
def test_nothing_is_shared(text: str, path: list[int]) -> None:
    array = scored(path)
    assert share(array, keys(text), np.array(path, dtype=np.int64), 1.0) is array


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([1, 2, 0, 0, 1, 2, 2], []),  # goes on behind
        ([1, 2, 0, 1, 2, 2, 0], []),  # begins in front
        ([1, 2, 0, 0, 1, 0, 0], [0, 1, 4, 5]),  # a part of it
        ([1, 2, 0, 0, 1, 3, 0], [0, 1, 4, 5]),  # two parts
    ],
)
def test_a_mention_is_not_a_part_of_a_longer_entity(path: list[int], expected: list[int]) -> None:
    assert changed("青云，的青云区", path) == expected


def test_mentions_may_touch() -> None:
    assert changed("青云青云", [1, 2, 0, 0]) == [0, 1, 2, 3]
    assert changed("哈哈哈", [1, 2, 0]) == []  # the second would begin within the first


def test_the_last_tokens_may_begin_like_a_name() -> None:
    assert changed("青云市青云", [1, 2, 2, 0, 0]) == []


def test_names_that_lie_in_one_another_share_one_after_the_other() -> None:
    text, path = (
        "甲乙丙，甲乙丙，甲乙丙，甲乙，甲乙",
        [1, 2, 0, 0, 1, 2, 2, 0, 1, 2, 2, 0, 1, 2, 0, 1, 2],
    )
    array = np.zeros((len(text), _WIDTH), dtype=np.float32)
    array[range(len(text)), path] = 20
    array[0, MONEY] = -8
    array[[4, 8, 12, 15], MONEY] = 8
    result = share(array, keys(text), np.array(path, dtype=np.int64), 1.0)
    assert result[:, MONEY].max() <= 8
    assert result[0, ORG] == 20


@given(
    text=st.text("甲乙丙", min_size=1, max_size=30),
    weight=st.floats(0, 1, width=32),
    data=st.data(),
)
def test_scores_stay_within_those_of_the_mentions(text: str, weight: float, data: Any) -> None:
    elements = st.floats(-8, 8, width=32)
    array = data.draw(arrays(np.float32, (len(text), _WIDTH), elements=elements))
    (path,) = decode([array])
    result = share(array, keys(text), path, weight)
    assert result.shape == array.shape
    assert (result <= array.max(axis=0) + 1e-4).all()
    assert (result >= array.min(axis=0) - 1e-4).all()
    if weight == 0:
        np.testing.assert_array_equal(result, array)
