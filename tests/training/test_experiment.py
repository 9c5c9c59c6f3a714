"""Tests of experiments: a real training run, its result kept, settings by dotted path."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, SMALL
from training.experiment import Experiment, Laboratory, with_settings
from zhinvest.documents import Document
from zhinvest.evaluation.scores import scores
from zhinvest.scorer import MICRO

CONFIG = ROOT / "configs" / "sm.cfg"
SETTINGS = {key: json.loads(value) for key, value in SMALL.items() if "eval" not in key}
NOISE = {"@augmenters": "zhinvest.noise.v1", "level": 0.2, "kinds": ["width"], "seed": 0}


@pytest.fixture
def laboratory(tmp_path: Path, gold: list[Document], segmenter: Path) -> Laboratory:
    return Laboratory(tmp_path / "work", gold, segmenter, steps=160)


def test_an_experiment_is_run_once(laboratory: Laboratory, gold: list[Document]) -> None:
    settings = {**SETTINGS, "corpora.train.augmenter": NOISE}
    experiment = Experiment("small", gold, CONFIG, settings)
    result = laboratory.run(experiment)
    assert (result.articles, len(result.counts)) == (len(gold), len(gold))
    assert result.characters == sum(len(document.text) for document in gold)
    assert scores(result.counts)[MICRO].f > 0.5

    model = laboratory.work / "small" / "model-best" / "meta.json"
    trained = model.stat().st_mtime_ns
    assert laboratory.run(experiment) == result
    assert model.stat().st_mtime_ns == trained


def test_settings_take_the_place_of_the_config(tmp_path: Path) -> None:
    changed = with_settings(
        CONFIG, {"system.seed": 7, "paths.train": "a.spacy", "corpora.train.augmenter": NOISE}
    )
    assert changed["system"]["seed"] == 7
    assert changed["corpora"]["train"]["augmenter"] == NOISE
    changed.to_disk(tmp_path / "config.cfg")
    written = (tmp_path / "config.cfg").read_text(encoding="utf-8")
    assert "[corpora.train.augmenter]" in written
    assert "${paths.train}" in written


def test_a_section_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no_such"):
        with_settings(CONFIG, {"no_such.section.key": 1})
