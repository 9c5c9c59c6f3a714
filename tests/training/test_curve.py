"""Tests of the learning curve and of the pictures of the corpus card."""

import json
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import TINY
from training.curve import FRACTIONS, data_sets
from training.plots import entities_by_kind, learning_curve, main
from zhinvest.documents import Document, read_documents, write_documents

AUTHORED = [Document(f"a-{n}", "上海") for n in range(40)]
WEB = [Document("web-train-0", "北京"), Document("web-more-0", "天津")]
RUNS = {
    "authored-25": {"micro": 0.4},
    "authored-100": {"micro": 0.6},
    "web": {"micro": 0.7},
    "both": {"micro": 0.8},
}


def test_larger_parts_contain_the_smaller() -> None:
    sets = data_sets(AUTHORED, WEB)
    parts = [{d.id for d in sets[f"authored-{p}"]} for p in FRACTIONS]
    assert [len(part) for part in parts] == [10, 20, 30, 40]
    assert all(small < large for small, large in pairwise(parts))
    assert [d.id for d in sets["web"]] == ["web-train-0", "web-more-0"]
    assert [d.id for d in sets["web-first"]] == ["web-train-0"]
    assert (len(sets["both"]), len(sets["both-first"])) == (42, 41)


def test_parts_do_not_change_from_call_to_call() -> None:
    assert data_sets(AUTHORED, WEB) == data_sets(AUTHORED, WEB)


def test_bars_add_up_to_the_density_of_each_kind() -> None:
    documents = read_documents(TINY)
    axes = entities_by_kind(documents).axes[0]
    total = sum(bar.get_width() for bars in axes.containers for bar in bars)
    kinds = {d.meta["kind"] for d in documents}
    of_kind = [[d for d in documents if d.meta["kind"] == kind] for kind in kinds]
    rates = [1000 * sum(len(d.ents) for d in ds) / sum(len(d.text) for d in ds) for ds in of_kind]
    assert total == pytest.approx(sum(rates))


def test_learning_curve_has_a_point_for_each_part_and_a_line_for_each_other_set() -> None:
    axes = learning_curve(RUNS).axes[0]
    curve, *levels = axes.lines
    assert list(curve.get_xdata()) == [25, 100]
    assert list(curve.get_ydata()) == [0.4, 0.6]
    assert [line.get_ydata()[0] for line in levels] == [0.7, 0.8]
    assert {line.get_label() for line in levels} == {"web", "both"}


def test_pictures_are_written_alike_each_time(tmp_path: Path) -> None:
    write_documents(tmp_path / "articles.jsonl", read_documents(TINY))
    (tmp_path / "curve.json").write_text(json.dumps({"runs": RUNS}), encoding="utf-8")
    main(tmp_path)
    first = {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    main(tmp_path)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    assert set(first) == {"curve.svg", "kinds.svg"}
    assert all(ET.fromstring(data).tag.endswith("svg") for data in first.values())
