"""Tests of going back from pipelines to weights: assembled again, they are the same pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from thinc.api import Model

from tests.tiny_tagger import learn, tiny_model
from training import disassemble, quantize
from training.assemble import fill_student, read_weights, student_layers
from training.convert import CHARACTERS
from zhinvest.documents import CorpusError, Document

TINY_MODEL = tiny_model(
    24, 3, {"@architectures": "zhinvest.DilatedWindowEncoder.v1", "dilations": [1, 2]}
)


@pytest.fixture(scope="module")
def trained(gold: list[Document]) -> Language:
    return learn(TINY_MODEL, gold, 4)


def network(nlp: Language) -> Model[Any, Any]:
    model: Model[Any, Any] = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    return model


def written(nlp: Language, folder: Path) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    nlp.to_disk(folder / "pipeline")
    disassemble.main(str(folder / "pipeline"), folder / "weights.npz")
    return dict(read_weights(folder / "weights.npz"))


def test_a_student_assembled_again_is_the_same(
    trained: Language, gold: list[Document], tmp_path: Path
) -> None:
    arrays = written(trained, tmp_path)
    other = network(learn(TINY_MODEL, gold, 0))
    docs = [trained.make_doc(document.text) for document in gold]
    expected = network(trained).predict(docs)
    assert not np.allclose(np.concatenate(other.predict(docs)), np.concatenate(expected))
    fill_student(other, arrays)
    for array, wanted in zip(other.predict(docs), expected, strict=True):
        np.testing.assert_array_equal(array, wanted)


def test_of_integers_come_weights_that_are_at_most_half_a_step_away(
    trained: Language, gold: list[Document], tmp_path: Path
) -> None:
    exact = written(trained, tmp_path / "float")
    rounded = written(quantize.quantize(trained, [d.text for d in gold]), tmp_path / "int")
    assert {name: array.shape for name, array in exact.items()} == {
        name: array.shape for name, array in rounded.items()
    }
    matrices = {"mix.weight", "conv.0.weight", "conv.1.weight"}
    assert len(student_layers(network(trained)).maxouts) == len(matrices)
    for name, array in exact.items():
        if name not in matrices:
            np.testing.assert_array_equal(rounded[name], array)
            continue
        steps = np.abs(array).max(axis=1, keepdims=True) / 63
        assert (np.abs(rounded[name] - array) <= 0.5 * steps + 1e-6).all()
        assert (rounded[name] != array).any()


def test_a_name_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no_such_pipeline"):
        disassemble.main("no_such_pipeline", tmp_path / "weights.npz")
    assert not list(tmp_path.iterdir())


def test_another_pipeline(tmp_path: Path) -> None:
    spacy.blank("zh", config=CHARACTERS).to_disk(tmp_path / "blank")
    with pytest.raises(CorpusError, match="blank: no zhinvest_tagger"):
        disassemble.main(str(tmp_path / "blank"), tmp_path / "weights.npz")
