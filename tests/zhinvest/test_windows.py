"""Tests of the dilated windows: what a token sees, that texts are apart, and the gradient."""

from typing import Any

import numpy as np
import pytest
from spacy.util import registry
from thinc.api import Model, NumpyOps, fix_random_seed

from zhinvest.windows import dilated_window_encoder, join, part

WIDTH = 4
OPS = NumpyOps()


@pytest.fixture
def encoder() -> Model[Any, Any]:
    fix_random_seed(0)
    model = dilated_window_encoder(WIDTH, [1, 2, 4], 2)
    model.initialize()
    return model


def rows(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype("f")


def test_a_row_is_joined_with_those_at_the_distance() -> None:
    found = join(OPS, rows(5), [(0, 5)], 2)
    np.testing.assert_array_equal(found[2], np.concatenate([rows(5)[0], rows(5)[2], rows(5)[4]]))
    np.testing.assert_array_equal(found[1, :WIDTH], 0)
    np.testing.assert_array_equal(found[3, 2 * WIDTH :], 0)


def test_a_distance_beyond_the_text_joins_with_nothing() -> None:
    found = join(OPS, rows(2), [(0, 2)], 3)
    np.testing.assert_array_equal(found[:, :WIDTH], 0)
    np.testing.assert_array_equal(found[:, 2 * WIDTH :], 0)


def test_what_comes_back_is_the_gradient_of_what_is_joined() -> None:
    bounds = [(0, 3), (3, 3), (3, 4), (4, 9)]
    x, y = rows(9), np.random.default_rng(1).normal(size=(9, 3 * WIDTH)).astype("f")
    # The two maps are transposes of each other: <join(x), y> = <x, part(y)>.
    for distance in (1, 2, 4, 12):
        forth = (join(OPS, x, bounds, distance) * y).sum()
        back = (x * part(OPS, y, bounds, distance)).sum()
        assert forth == pytest.approx(back, abs=1e-4)


def test_texts_do_not_see_each_other(encoder: Model[Any, Any]) -> None:
    together = encoder.predict([rows(9), rows(0), rows(1, seed=1), rows(20, seed=2)])
    apart = [encoder.predict([array])[0] for array in (rows(9), rows(1, seed=1), rows(20, seed=2))]
    assert [array.shape for array in together] == [(9, 4), (0, 4), (1, 4), (20, 4)]
    for one, other in zip([together[0], *together[2:]], apart, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_token_sees_as_far_as_the_distances_add_up_to(encoder: Model[Any, Any]) -> None:
    before = rows(30)
    after = before.copy()
    after[15] += 1
    changed = np.abs(encoder.predict([before])[0] - encoder.predict([after])[0]).max(axis=1) > 1e-7
    assert set(np.flatnonzero(changed)) == set(range(15 - 7, 15 + 7 + 1))


def test_the_gradient_is_that_of_small_steps(encoder: Model[Any, Any]) -> None:
    texts, weights = [rows(6), rows(3, seed=1)], [rows(6, seed=3), rows(3, seed=4)]

    def value() -> float:
        found = encoder.predict(texts)
        return float(sum((f.astype("d") * w).sum() for f, w in zip(found, weights, strict=True)))

    _, backprop = encoder(texts, True)
    gradient = backprop(weights)[0][2, 1]
    step = 1e-3  # a longer one may cross from one piece of a maxout to the other
    texts[0][2, 1] += step
    above = value()
    texts[0][2, 1] -= 2 * step
    assert (above - value()) / (2 * step) == pytest.approx(gradient, rel=0.05, abs=0.02)


def test_no_text_gives_no_array(encoder: Model[Any, Any]) -> None:
    found, backprop = encoder([], True)
    assert (found, backprop([])) == ([], [])


def test_the_encoder_is_registered() -> None:
    assert registry.architectures.get("zhinvest.DilatedWindowEncoder.v1") is dilated_window_encoder


@pytest.mark.parametrize("dilations", [[], [1, 0]])
def test_distances_that_make_no_sense_are_refused(dilations: list[int]) -> None:
    with pytest.raises(ValueError, match="dilations"):
        dilated_window_encoder(WIDTH, dilations, 2)
