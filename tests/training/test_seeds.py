"""Tests of the gold annotation of the seeds: the published test on real news."""

import hashlib
import json

import pytest
from spacy.language import Language

from tests.conftest import ROOT
from training.agreement import agreement
from training.convert import lost_entities
from zhinvest.documents import Document, read_documents
from zhinvest.labels import LABELS

SEEDS = ROOT / "seeds"
TEXTS = sorted(SEEDS.glob("*.txt"))


def read(name: str) -> list[Document]:
    return read_documents(SEEDS / f"{name}.jsonl")


GOLD, FIRST, SECOND = map(read, ("gold", "annotator-a", "annotator-b"))


def test_there_are_five_articles() -> None:
    assert len(TEXTS) == len(GOLD) == len(FIRST) == len(SECOND) == 5


@pytest.mark.parametrize("document", GOLD, ids=lambda document: document.id)
def test_the_text_is_the_file_as_supplied(document: Document) -> None:
    data = (SEEDS / document.meta["file"]).read_bytes()
    assert data.decode("utf-8") == document.text
    rows = map(json.loads, (SEEDS / "gold.jsonl").read_text(encoding="utf-8").splitlines())
    recorded = {row["id"]: row["sha256"] for row in rows}
    assert hashlib.sha256(data).hexdigest() == recorded[document.id]


def test_every_file_is_annotated_once() -> None:
    assert [document.meta["file"] for document in GOLD] == [path.name for path in TEXTS]


@pytest.mark.parametrize("annotator", [FIRST, SECOND], ids=["a", "b"])
def test_the_annotators_read_the_same_texts(annotator: list[Document]) -> None:
    assert [(d.id, d.text) for d in annotator] == [(d.id, d.text) for d in GOLD]


@pytest.mark.parametrize(
    ("gold", "first", "second"),
    list(zip(GOLD, FIRST, SECOND, strict=True)),
    ids=[document.id for document in GOLD],
)
def test_gold_lies_between_the_annotators(
    gold: Document, first: Document, second: Document
) -> None:
    spans, one, other = (set(document.ents) for document in (gold, first, second))
    assert one & other <= spans <= one | other


def test_gold_holds_all_four_labels() -> None:
    assert {label for document in GOLD for _, _, label in document.ents} == set(LABELS)


def test_the_agreement_is_what_was_published() -> None:
    published = json.loads((SEEDS / "agreement.json").read_text(encoding="utf-8"))
    assert agreement(FIRST, SECOND) == published


@pytest.mark.parametrize("document", GOLD, ids=lambda document: document.id)
def test_no_entity_is_lost_to_tokenization(characters: Language, document: Document) -> None:
    doc = characters(document.text)
    assert doc.text == document.text
    assert lost_entities(doc, document) == []
