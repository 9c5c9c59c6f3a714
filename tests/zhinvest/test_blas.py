"""Tests of the switch from blis to OpenBLAS."""

from collections.abc import Iterator

import numpy as np
import pytest
import spacy
from spacy.language import Language
from thinc.api import Model, NumpyOps, get_current_ops

from zhinvest.blas import make_openblas, use_openblas
from zhinvest.documents import Document
from zhinvest.scorer import doc_spans


def blis_settings(nlp: Language) -> Iterator[bool]:
    """Yield, for every node of every model that runs on the CPU, whether it uses blis."""
    for _, component in nlp.components:
        if isinstance(model := getattr(component, "model", None), Model):
            yield from (n.ops.use_blis for n in model.walk() if isinstance(n.ops, NumpyOps))


@pytest.fixture
def tagger() -> Language:
    """A small pipeline on blis, initialised with random weights, and a component with no model."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("tok2vec")
    nlp.initialize()
    for _, component in nlp.components:
        for node in component.model.walk() if hasattr(component, "model") else ():
            node.ops = NumpyOps(use_blis=True)
    return nlp


def test_every_model_of_the_pipeline_is_switched(tagger: Language) -> None:
    assert set(blis_settings(tagger)) == {True}
    assert use_openblas(tagger) is tagger
    assert set(blis_settings(tagger)) == {False}


def test_nothing_else_is_switched(tagger: Language) -> None:
    other = spacy.blank("zh")
    other.add_pipe("tok2vec")
    before = get_current_ops(), list(blis_settings(other))
    use_openblas(tagger)
    assert (get_current_ops(), list(blis_settings(other))) == before


def test_results_agree_to_rounding(tagger: Language) -> None:
    text = "恒川公司在上海投资五亿元"
    before = tagger(text).tensor
    after = use_openblas(tagger)(text).tensor
    assert before.shape == (len(text), 96)
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)


def test_the_config_switches_a_loaded_pipeline(pipeline: Language) -> None:
    callback = pipeline.config["nlp"]["after_pipeline_creation"]
    assert callback == {"@callbacks": "zhinvest.openblas.v1"}
    assert set(blis_settings(pipeline)) == {False}


def test_entities_are_the_same_with_blis(pipeline_folder: str, gold: list[Document]) -> None:
    nothing = {"nlp": {"after_pipeline_creation": None}}
    blis = spacy.load(pipeline_folder, config=nothing, exclude=["words"])
    found = [doc_spans(blis(document.text)) for document in gold]
    use_openblas(blis)
    assert found == [doc_spans(blis(document.text)) for document in gold]
    assert any(found)


def test_the_registered_callback_is_the_switch() -> None:
    assert make_openblas() is use_openblas
