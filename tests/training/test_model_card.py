"""Tests of the model cards: tables of slices and of the ablation, and those that are released."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from training.ablation import BASE, WHOLE, row
from training.model_card import (
    ABLATION,
    METRICS,
    model_card,
    read_ablation,
    read_release,
    slice_rows,
    wheel_meta,
    write_card,
)
from zhinvest.documents import Document
from zhinvest.evaluation.metrics import measure
from zhinvest.evaluation.scores import Reading
from zhinvest.scorer import Counts

NAME = "zh_ent_invest_sm"
MEASURED = measure(
    [
        Reading(Document("a-1", "上海", [(0, 2, "PLACE")]), [(0, 2, "PLACE")]),
        Reading(Document("b-1", "投資五億元", [(2, 5, "MONEY")]), []),
    ],
    {("上海", "PLACE")},
)
RUNS = [[{"ORG": Counts(9, 10, 10)}], [{"ORG": Counts(7, 10, 10)}]]


def card(ablation: dict[str, Any]) -> str:
    facts = read_release("sm")
    meta = {
        **{key: facts[key] for key in ("name", "version", "description", "license", "sources")},
        **{"lang": "zh", "pipeline": ["ner"], "requirements": ["zhinvest"], "spacy_version": "3"},
    }
    return model_card(meta, facts, {"web dev": MEASURED}, ablation)


def test_slices_leave_out_what_all_articles_are() -> None:
    names = [name for name, _, _ in slice_rows(MEASURED)]
    assert names == [
        "seen surfaces",
        "unseen surfaces",
        "source: a",
        "source: b",
        "script: hans",
        "script: hant",
    ]


def test_a_dimension_is_told_once() -> None:
    slices = {**MEASURED["slices"], "origin": MEASURED["slices"]["source"]}
    assert list(slice_rows({**MEASURED, "slices": slices})) == list(slice_rows(MEASURED))


def test_a_gold_set_without_training_surfaces_has_slices_all_the_same() -> None:
    assert next(slice_rows({**MEASURED, "seen": None}))[0] == "source: a"


def test_the_card_has_a_row_for_every_slice() -> None:
    text = card({})
    assert "\n| web dev | source: a | 1 | – | 1.000 (1) | – | – | 1.000 (1) |\n" in text
    assert "\n| web dev | unseen surfaces | – | – | – | 0.000 (1) | – | 0.000 (1) |\n" in text
    assert "## Ablation" not in text


def test_the_card_tells_what_parts_and_training_are_worth() -> None:
    scores = {"ORG": 0.9, "PLACE": 0.8, "MONEY": 1.0, "CAPACITY": 0.7, "micro": 0.8512}
    variants = {BASE: row(RUNS, RUNS), "other": row(RUNS[1:], RUNS[:1])}
    training = {"steps": 7, "seeds": 2, "variants": variants}
    text = card({"parts": {NAME: {"version": "1", "f1": {WHOLE: scores}}}, "training": training})
    assert f"\n| {WHOLE} | 0.9000 | 0.8000 | 1.0000 | 0.7000 | 0.8512 |\n" in text
    assert f"\n| {BASE} | 0.800 ± 0.141 | " in text
    assert "\n| other | 0.700 ± 0.000 | " in text
    assert "-0.200 (-0.200 to -0.200) |\n" in text
    assert "2 seeds, 7 steps each" in text


def test_parts_of_another_pipeline_are_left_out() -> None:
    assert "without it" not in card({"parts": {"another": {}}})


def test_parts_of_another_version_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / ABLATION
    assert read_ablation(tmp_path, "2") == {}
    parts = {name: {"version": version, "f1": {}} for name, version in (("a", "1"), ("b", "2"))}
    path.write_text(json.dumps({"parts": parts, "training": {"seeds": 3}}), encoding="utf-8")
    assert read_ablation(tmp_path, "2") == {"parts": {"b": parts["b"]}, "training": {"seeds": 3}}


@pytest.mark.parametrize("release", ["sm", "trf"])
def test_the_released_cards_are_those_of_their_facts(release: str, tmp_path: Path) -> None:
    facts = read_release(release)
    released = ROOT / "models" / f"zh_{facts['name']}"
    folder = tmp_path / released.name
    folder.mkdir()
    (wheel,) = released.glob("*.whl")
    (folder / wheel.name).symlink_to(wheel)
    for path, name in ((released, METRICS), (released.parent, ABLATION)):
        place = folder if name == METRICS else tmp_path
        (place / name).symlink_to(path / name)
    write_card(folder, facts)
    written = (folder / "README.md").read_text(encoding="utf-8")
    assert written == (released / "README.md").read_text(encoding="utf-8")
    assert wheel_meta(wheel)["version"] == facts["version"]
