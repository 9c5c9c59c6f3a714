"""What figures mean, case by case: tests/spec/figures.jsonl, and the gold of the seeds."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.conftest import ROOT
from zhinvest.documents import read_documents
from zhinvest.figures import read_figure

SPEC = [
    json.loads(line)
    for line in (ROOT / "tests/spec/figures.jsonl").read_text(encoding="utf-8").splitlines()
]
GROUPS = sorted({case["group"] for case in SPEC})


@pytest.mark.parametrize("group", GROUPS)
def test_group(group: str) -> None:
    for case in (case for case in SPEC if case["group"] == group):
        found = read_figure(case["text"], case["start"], case["end"], case["label"])
        assert found == case["readings"], case["text"]


def test_the_spec_is_large_and_without_doubles() -> None:
    assert len(SPEC) > 1000
    assert len({(case["text"], case["start"]) for case in SPEC}) == len(SPEC)
    assert min(Counter(case["group"] for case in SPEC).values()) >= 5
    bounds = Counter(r["bound"] for case in SPEC for r in case["readings"])
    assert min(bounds.values()) >= 10


def test_gold_of_the_seeds() -> None:
    texts = {document.id: document for document in read_documents(ROOT / "seeds/gold.jsonl")}
    lines = (ROOT / "seeds/figures.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    spans = {(row["id"], row["start"], row["end"], row["label"]) for row in rows}
    assert spans == {
        (document.id, *ent)
        for document in texts.values()
        for ent in document.ents
        if ent[2] in ("MONEY", "CAPACITY")
    }
    for row in rows:
        found = read_figure(texts[row["id"]].text, row["start"], row["end"], row["label"])
        assert found == row["readings"], row
