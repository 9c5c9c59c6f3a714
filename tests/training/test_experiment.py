"""Tests of experiments: a real training run, its result kept, settings by dotted path."""

import json
from dataclasses import replace
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
    assert laboratory.run_all([experiment, experiment]) == [result, result]
    assert model.stat().st_mtime_ns == trained


def test_a_result_is_of_the_same_data_and_settings_alone(
    laboratory: Laboratory, gold: list[Document], segmenter: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1")
    base = Experiment("small", gold, CONFIG, {"paths.init_tok2vec": str(weights)})
    others = [
        (laboratory, replace(base, documents=gold[1:])),
        (laboratory, replace(base, settings={**base.settings, "system.seed": 1})),
        (laboratory, replace(base, config=ROOT / "configs" / "sm_words.cfg")),
        (Laboratory(laboratory.work, gold[1:], segmenter, steps=160), base),
        (Laboratory(laboratory.work, gold, segmenter, steps=161), base),
        (Laboratory(laboratory.work, gold, tmp_path, steps=160), base),
    ]
    digests = {laboratory._digest(base), *(place._digest(other) for place, other in others)}
    weights.write_bytes(b"2")
    digests.add(laboratory._digest(base))
    assert len(digests) == 2 + len(others)


def test_a_result_with_noise_is_of_the_same_texts_of_noise_alone(
    laboratory: Laboratory, gold: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = Experiment("small", gold, CONFIG)
    noisy = replace(clean, settings={"corpora.train.augmenter": NOISE})
    before = [laboratory._digest(experiment) for experiment in (clean, noisy)]
    (tmp_path / "furniture.tsv").write_text("head\t首页\n", encoding="utf-8")
    monkeypatch.setattr("training.experiment.FOLDER", tmp_path)
    assert laboratory._digest(clean) == before[0]
    assert laboratory._digest(noisy) != before[1]


def test_an_error_ends_the_series(laboratory: Laboratory, gold: list[Document]) -> None:
    broken = Experiment("broken", gold, CONFIG, {"no_such.section": 1})
    with pytest.raises(KeyError, match="no_such"):
        laboratory.run_all([broken, broken])


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
