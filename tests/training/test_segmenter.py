"""Tests of the word segmentation model: trained, rounded and measured on a few sentences."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy_pkuseg
from click.testing import Result
from typer.testing import CliRunner

from tests.conftest import UNER
from training.public import read_uner_words
from training.segmenter import app, round_weights, score_segmentation
from zhinvest.normalise import normalise
from zhinvest.scorer import Counts

SENTENCES = [[normalise(word) for word in words] for words in read_uner_words(UNER)]
"""The tiny sentences in the form that the model reads."""


def command(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def load(folder: Path) -> spacy_pkuseg.pkuseg:
    return spacy_pkuseg.pkuseg(str(folder), user_dict=None)


class Given:
    """A segmenter that gives the words it was made with."""

    def __init__(self, *sentences: str) -> None:
        self.words = {sentence.replace(" ", ""): sentence.split() for sentence in sentences}

    def cut(self, text: str) -> list[str]:
        return self.words[text]


# --- training ------------------------------------------------------------------------------------


def test_the_model_segments_what_it_was_trained_on(segmenter: Path) -> None:
    counts = score_segmentation(load(segmenter), SENTENCES)
    assert counts.f1 > 0.8
    assert counts.gold == sum(map(len, SENTENCES))


def test_the_model_does_better_than_single_characters(segmenter: Path) -> None:
    singles = Given(*(" ".join("".join(words)) for words in SENTENCES))
    floor = score_segmentation(singles, SENTENCES).f1
    assert score_segmentation(load(segmenter), SENTENCES).f1 > floor + 0.1


def test_the_folder_holds_the_two_files_of_a_model(segmenter: Path) -> None:
    assert {path.name for path in segmenter.iterdir()} == {"features.msgpack", "weights.npz"}


def test_training_leaves_the_current_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(UNER, tmp_path / "words.iob2")
    options = ["--test", "words.iob2", "--output", "model", "--iterations", "1"]
    command("train", "words.iob2", *options)
    assert Path.cwd() == tmp_path
    assert {path.name for path in tmp_path.iterdir()} == {"words.iob2", "model"}


def test_training_gives_the_same_model_each_time(segmenter: Path, tmp_path: Path) -> None:
    command("train", UNER, "--test", UNER, "--output", tmp_path, "--iterations", "5")
    for name in ("features.msgpack", "weights.npz"):
        assert (tmp_path / name).read_bytes() == (segmenter / name).read_bytes()


def test_training_reads_the_normalised_form(tmp_path: Path) -> None:
    path = tmp_path / "traditional.iob2"
    words = ["項目", "總投資", "ＡＢＣ", "１２", "產(chǎn)能", "\u3000", "。"]
    rows = (f"{n}\t{word}\tO\t-\t-\n" for n, word in enumerate(words, start=1))
    path.write_text("".join(rows), encoding="utf-8")
    options = ["--test", path, "--output", tmp_path / "model", "--iterations", "10"]
    command("train", path, *options)
    words = ["项目", "总投资", "abc", "12", "产能", "。"]
    assert load(tmp_path / "model").cut("".join(words)) == words


# --- rounding ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unrounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model as pkuseg writes it, with weights as large as a whole treebank gives.

    A few sentences give a tenth of that; a common factor does not change the segmentation.
    """
    folder = tmp_path_factory.mktemp("unrounded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.segmenter.round_weights", lambda path: None)
        command("train", UNER, "--test", UNER, "--output", folder, "--iterations", "5")
    with np.load(folder / "weights.npz") as arrays:
        sizes, weights = arrays["sizes"], arrays["w"]
    np.savez(folder / "weights.npz", sizes=sizes, w=weights * 10)
    return folder


@pytest.fixture
def rounded(unrounded: Path, tmp_path: Path) -> Path:
    folder = shutil.copytree(unrounded, tmp_path / "rounded")
    round_weights(folder / "weights.npz")
    return folder


def test_rounding_keeps_the_output_but_for_a_tie(unrounded: Path, rounded: Path) -> None:
    before, after = load(unrounded), load(rounded)
    texts = ["".join(words) for words in SENTENCES]
    differing = [text for text in texts if after.cut(text) != before.cut(text)]
    assert len(differing) <= 1
    scores = [score_segmentation(model, SENTENCES).f1 for model in (before, after)]
    assert scores[1] > scores[0] - 0.03


def test_rounding_keeps_two_decimals_and_saves_space(unrounded: Path, rounded: Path) -> None:
    before, after = (np.load(folder / "weights.npz") for folder in (unrounded, rounded))
    assert (after["sizes"] == before["sizes"]).all()
    difference = np.abs(after["w"] - before["w"])
    assert 0 < difference.max() <= 0.0051
    assert np.allclose(after["w"] * 100, np.round(after["w"] * 100), atol=1e-3)
    sizes = [(folder / "weights.npz").stat().st_size for folder in (unrounded, rounded)]
    assert sizes[1] < sizes[0] / 2


# --- measuring -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "found", "counts"),
    [
        ("甲厂 投产", "甲厂 投产", Counts(2, 2, 2)),
        ("甲厂 投产", "甲 厂 投产", Counts(1, 3, 2)),
        ("甲厂 投产", "甲厂投产", Counts(0, 1, 2)),
        ("甲 厂 投产", "甲厂 投 产", Counts(0, 3, 3)),
    ],
)
def test_a_word_counts_by_both_its_ends(gold: str, found: str, counts: Counts) -> None:
    assert score_segmentation(Given(found), [gold.split()]) == counts


def test_sentences_are_added_up() -> None:
    found = Given("甲厂 投产", "乙 厂")
    assert score_segmentation(found, [["甲厂", "投产"], ["乙厂"]]) == Counts(2, 4, 3)


def test_evaluate_prints_and_writes_the_scores(segmenter: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "scores.json"
    scores = json.loads(command("evaluate", segmenter, UNER, "--output", output).stdout)
    counts = score_segmentation(load(segmenter), SENTENCES)
    assert scores == {
        "p": counts.precision,
        "r": counts.recall,
        "f": counts.f1,
        "support": sum(map(len, SENTENCES)),
    }
    assert json.loads(output.read_text(encoding="utf-8")) == scores


def test_evaluate_joins_files(segmenter: Path) -> None:
    one, two = (
        json.loads(command("evaluate", segmenter, *[UNER] * n).stdout)["support"] for n in (1, 2)
    )
    assert two == 2 * one
