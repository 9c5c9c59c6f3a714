"""Tests of measuring speed and growth, with real runs of the rules."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from training.benchmark import speed
from training.benchmark.plots import draw_growth
from training.benchmark.results import merge
from training.benchmark.speed import SETTINGS, measure_growth, measure_speed, take
from training.benchmark.systems import Environments, System
from training.benchmark.tables import details, summary

RULES = System("rules", "rules", ["MONEY"], [])
SCORE = {"f": 0.5, "low": 0.4, "high": 0.6}
OTHER = System("other", "rules", ["MONEY"], [], argument="x")


@pytest.mark.parametrize("size", [1, 5, 6, 7, 100])
def test_take(size: int) -> None:
    taken = take(["上海常州", "钢"], size)
    assert sum(map(len, taken)) == size
    assert "".join(taken) == ("上海常州钢" * 20)[:size]


def test_nothing_to_take_from() -> None:
    with pytest.raises(ValueError, match="no text"):
        take([], 3)


def test_speed_and_growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SIZES", (100, 1000))
    environments = Environments(tmp_path / "environments")
    rows = measure_speed([RULES, OTHER], environments, ["投资12亿元。"] * 40, rounds=2)
    assert list(rows) == ["rules", "other"]
    for found in rows.values():
        assert [(row["batch"], row["processes"]) for row in found] == list(SETTINGS)
        assert all(
            0 < row["slowest"] <= row["characters_per_second"] <= row["fastest"] for row in found
        )
    assert all(row["ratio"]["median"] == 1 for row in rows["rules"])

    growth = {"rules": measure_growth(RULES, environments, ["投资12亿元。"] * 10, rounds=1)}
    assert [(row["form"], row["characters"]) for row in growth["rules"]] == [
        (form, size) for size in (100, 1000) for form in ("one document", "many documents")
    ]
    draw_growth(growth, tmp_path / "growth.svg")
    assert ET.parse(tmp_path / "growth.svg").getroot().tag.endswith("svg")

    results = {
        "machine": {"cores": 2, "processor": "x", "python": "3.11"},
        "speed": rows,
        "installed_mb": {"rules": 1, "other": 2},
        "growth": growth,
        "not available": {"LAC": "no | such\nthing"},
        "accuracy": {"web dev": {"rules": {"strict": {"MONEY": SCORE}}}},
    }
    table = list(summary(results))
    assert len({line.count("|") for line in table}) == 1
    assert "0.500 (0.400-0.600)" in table[2]
    assert "cannot be had: no / such thing" in table[3]
    for line in details(results):
        assert line.startswith("|") or not line or line.startswith("2 cores")


def test_results_are_added_to(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    merge(path, {"accuracy": {"a": 1}, "machine": 1})
    merge(path, {"accuracy": {"b": 2}, "machine": 2})
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held == {"accuracy": {"a": 1, "b": 2}, "machine": 2}


def test_systems_are_added_to_those_of_a_gold_set(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    merge(path, {"accuracy": {"dev": {"a": {"f": 1, "old": 0}}}}, depth=2)
    merge(path, {"accuracy": {"dev": {"b": 2}, "seeds": {"b": 3}}}, depth=2)
    merge(path, {"accuracy": {"dev": {"a": {"f": 4}}}}, depth=2)
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held == {"accuracy": {"dev": {"a": {"f": 4}, "b": 2}, "seeds": {"b": 3}}}


def test_a_system_that_can_be_had_again_is_no_longer_noted(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    merge(path, {"not available": {"LAC": "no network", "jionlp": "no network"}})
    merge(path, {"not available": {"LAC": None}})
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held == {"not available": {"jionlp": "no network"}}
