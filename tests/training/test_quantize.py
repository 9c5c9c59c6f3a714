"""Tests of the quantized network: near the one it was made from, the same for every batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from tests.conftest import TINY
from tests.tiny_tagger import learn, tiny_model
from training import quantize
from training.assemble import student_layers
from zhinvest.documents import Document
from zhinvest.quantized import quantized_tagger

TINY_MODEL = tiny_model(
    24, 3, {"@architectures": "zhinvest.DilatedWindowEncoder.v1", "dilations": [1, 2]}
)
"""Sizes that differ where they may, so that none is taken for another."""


@pytest.fixture(scope="module")
def trained(gold: list[Document]) -> Iterator[Language]:
    """A pipeline that knows the tiny corpus by heart."""
    nlp = learn(TINY_MODEL, gold, 40)
    nlp.add_pipe("sentencizer")
    nlp.get_pipe("ner").cfg["transitions"] = np.eye(9).tolist()  # type: ignore[attr-defined]
    yield nlp


@pytest.fixture(scope="module")
def quantized(trained: Language, gold: list[Document]) -> Language:
    return quantize.quantize(trained, [document.text for document in gold])


def network(nlp: Language) -> Model[Any, Any]:
    model: Model[Any, Any] = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    return model


def entities(nlp: Language, texts: list[str], **options: Any) -> list[list[tuple[int, int, str]]]:
    docs = nlp.pipe(texts, **options)
    return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]


def test_scores_are_near_those_of_the_floats(
    trained: Language, quantized: Language, gold: list[Document]
) -> None:
    docs = [trained.make_doc(document.text) for document in gold]
    pairs = list(zip(network(trained).predict(docs), network(quantized).predict(docs), strict=True))
    spread = max(np.ptp(exact) for exact, _ in pairs)
    error = max(np.abs(exact - near).max() for exact, near in pairs)
    assert 0 < error < 0.05 * spread
    same = [exact.argmax(axis=1) == near.argmax(axis=1) for exact, near in pairs]
    assert np.concatenate(same).mean() > 0.99


def test_a_text_has_the_same_scores_in_every_batch(
    quantized: Language, gold: list[Document]
) -> None:
    docs = [quantized.make_doc(document.text) for document in gold]
    together = network(quantized).predict([*docs, quantized.make_doc("")])
    assert together[-1].shape == (0, 9)
    for doc, array in zip(docs, together, strict=False):
        (alone,) = network(quantized).predict([doc])
        np.testing.assert_allclose(array, alone, atol=1e-5)


def test_a_token_sees_nothing_beyond_the_distances(quantized: Language) -> None:
    near, far = (quantized.make_doc("在常州开工" + "。" * n + "厂") for n in (9, 10))
    one, other = network(quantized).predict([near, far])
    np.testing.assert_allclose(one[:5], other[:5], atol=1e-5)


def test_nothing_gives_nothing(quantized: Language) -> None:
    assert [array.shape for array in network(quantized).predict([])] == []
    assert [array.shape for array in network(quantized).predict([quantized.make_doc("")])] == [
        (0, 9)
    ]
    assert entities(quantized, ["", " "]) == [[], []]


def test_decoder_and_components_are_copied(trained: Language, quantized: Language) -> None:
    assert quantized.pipe_names == trained.pipe_names
    transitions = [nlp.get_pipe("ner").transitions for nlp in (trained, quantized)]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(*transitions)


def test_child_processes_read_the_same(quantized: Language, gold: list[Document]) -> None:
    texts = [document.text for document in gold]
    assert entities(quantized, texts, n_process=2) == entities(quantized, texts)


def test_numbers_beyond_the_ranges_are_cut_off(trained: Language, gold: list[Document]) -> None:
    narrow = quantize.quantize(trained, ["。"])
    wide = quantize.quantize(trained, [document.text for document in gold])
    docs = [trained.make_doc(document.text) for document in gold]
    exact = np.concatenate(network(trained).predict(docs))
    errors = [
        np.abs(np.concatenate(network(nlp).predict(docs)) - exact).mean() for nlp in (narrow, wide)
    ]
    assert errors[0] > errors[1]


def test_extremes_are_those_of_the_inputs(trained: Language, gold: list[Document]) -> None:
    layers = student_layers(network(trained))
    docs = [trained.make_doc(document.text) for document in gold]
    found = quantize.input_steps(layers, docs)
    assert len(found) == len(layers.maxouts)
    rows = np.concatenate([layers.tables.predict([doc]).dataXd for doc in docs])
    reach = (
        float(found[0].step) * (255 - int(found[0].zero)),
        -float(found[0].step) * int(found[0].zero),
    )
    assert reach == pytest.approx((rows.max(), rows.min()), abs=1.01 * float(found[0].step))


def test_the_graph_is_valid_and_its_factors_have_seven_bits(quantized: Language) -> None:
    model = onnx.load_from_string(network(quantized).attrs["graph"])
    onnx.checker.check_model(model)
    arrays = [onnx.numpy_helper.to_array(constant) for constant in model.graph.initializer]
    factors = [array for array in arrays if array.dtype == np.int8 and array.ndim == 2]
    assert len(factors) == 3
    assert all(np.abs(array).max() == 63 for array in factors)


def test_it_cannot_be_trained(quantized: Language) -> None:
    doc = quantized.make_doc("五元")
    with pytest.raises(ValueError, match=r"train configs/sm_distilled\.cfg, then run"):
        quantized.update([Example(doc, doc)])


def test_without_a_graph_it_says_so() -> None:
    model = quantized_tagger([5, 5, 5], [2, 2, 2])
    model.initialize()
    with pytest.raises(ValueError, match=r"has no graph: make one with training\.quantize"):
        model.predict([spacy.blank("zh").make_doc("五")])


def test_command(
    trained: Language, tmp_path: Path, gold: list[Document], capsys: pytest.CaptureFixture[str]
) -> None:
    trained.to_disk(tmp_path / "float")
    quantize.main(tmp_path / "float", [TINY], tmp_path / "int")
    assert "int: a graph of 0.0 MB" in capsys.readouterr().out
    again = spacy.load(tmp_path / "int")
    texts = [document.text for document in gold]
    found = entities(again, texts)
    assert sum(map(len, found)) > 5
    exact = entities(trained, texts)
    shared = sum(len({*one} & {*two}) for one, two in zip(found, exact, strict=True))
    assert shared > 0.9 * sum(map(len, exact))
    assert all(a[1] <= b[0] for spans in found for a, b in pairwise(spans))
