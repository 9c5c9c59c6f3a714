"""Fixtures for the tests of evaluation."""

import pytest

from tests.conftest import DATA
from zhinvest.documents import Document, read_documents
from zhinvest.evaluation.scores import Reading


@pytest.fixture(scope="session")
def readings(gold: list[Document]) -> list[Reading]:
    """The tiny corpus, read with errors of every class, of which no two meet one span."""
    predicted = read_documents(DATA / "tiny.predicted.jsonl")
    assert [document.text for document in predicted] == [document.text for document in gold]
    return [Reading(*pair) for pair in zip(gold, (d.ents for d in predicted), strict=True)]
