"""Tests of the configs: each complete file is current, and makes a pipeline."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy.cli
import typer
from click.testing import Result
from spacy.util import load_config, load_model_from_config
from thinc.api import Config, get_current_ops
from typer.testing import CliRunner

from tests.conftest import ROOT, run
from training.configs import complete, main, overlaid
from zhinvest.scorer import score_examples

FOLDER = ROOT / "configs"
NAMES = sorted(path.name for path in (FOLDER / "overlays").glob("*.cfg"))
ALL = sorted(path.name for path in FOLDER.glob("*.cfg"))
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra trf")
BUILT = [pytest.param(n, marks=needs_torch if n.startswith("trf") else ()) for n in NAMES]
ALL_BUILT = ["base.cfg", *BUILT]
"""The configs whose components a test builds: the transformer's need torch."""


def configs(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of configs/ that a test may change."""
    return shutil.copytree(FOLDER, tmp_path / "configs")


# --- the committed files -------------------------------------------------------------------------


def test_check_passes_on_the_committed_files() -> None:
    assert run("training.configs", "--check") == ""


def test_every_config_comes_from_an_overlay() -> None:
    assert set(ALL) == {"base.cfg", *NAMES}
    assert {path.name for path in complete(FOLDER)} == set(NAMES)


@pytest.mark.parametrize("name", ALL_BUILT)
def test_spacy_finds_nothing_to_mend(name: str) -> None:
    command = ["debug", "config", str(FOLDER / name)]
    corpora = ["--paths.train", "train.spacy", "--paths.dev", "dev.spacy"]
    result = CliRunner().invoke(spacy.cli.app, [*command, *corpora])
    assert "Config is valid" in result.output, result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("name", BUILT)
def test_the_complete_configs_leave_nothing_to_defaults(name: str) -> None:
    config = load_config(FOLDER / name)
    nlp = load_model_from_config(config, auto_fill=False, validate=True)
    assert nlp.config.interpolate() == config.interpolate()
    assert nlp.pipe_names == config["nlp"]["pipeline"]


@pytest.mark.parametrize("name", BUILT)
def test_every_config_scores_by_our_scorer_and_chooses_by_it(name: str) -> None:
    config = load_config(FOLDER / name)
    nlp = load_model_from_config(config)
    assert nlp.get_pipe("ner").scorer is score_examples  # type: ignore[attr-defined]
    weights = {key: weight for key, weight in config["training"]["score_weights"].items() if weight}
    assert weights == {"ents_f": 1.0}


@pytest.mark.parametrize("name", BUILT)
def test_every_config_multiplies_by_openblas(name: str) -> None:
    nlp = load_model_from_config(load_config(FOLDER / name))
    used = {node.ops.use_blis for node in nlp.get_pipe("ner").model.walk()}  # type: ignore[attr-defined]
    assert used == {False}
    assert get_current_ops().use_blis  # type: ignore[attr-defined]


# --- checking and writing ------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT)
def test_check_names_a_file_that_was_changed(folder: Path, name: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8").replace("max_epochs = 0", "max_epochs = 3")
    path.write_text(text, encoding="utf-8")
    result = configs("--check", "--folder", folder)
    assert result.exit_code == 1
    assert result.output.startswith(f"not current: {path}; ")
    assert path.read_text(encoding="utf-8") == text


def test_check_names_every_file_where_the_base_has_changed(folder: Path) -> None:
    base = folder / "base.cfg"
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("max_epochs = 0", "max_epochs = 1"), encoding="utf-8")
    result = configs("--check", "--folder", folder)
    assert result.exit_code == 1
    assert all(str(folder / name) in result.output for name in NAMES)


def test_check_names_a_file_that_is_missing(folder: Path) -> None:
    (folder / NAMES[0]).unlink()
    result = configs("--check", "--folder", folder)
    assert result.exit_code == 1
    assert f"not current: {folder / NAMES[0]};" in result.output
    assert not (folder / NAMES[0]).exists()


def test_the_files_are_written_again_where_they_are_not_current(folder: Path) -> None:
    (folder / NAMES[0]).unlink()
    (folder / NAMES[1]).write_text("[nlp]\n", encoding="utf-8")
    result = configs("--folder", folder)
    assert result.output == "".join(f"wrote {folder / name}\n" for name in NAMES[:2])
    for name in NAMES:
        assert (folder / name).read_bytes() == (FOLDER / name).read_bytes()
    assert configs("--folder", folder).output == ""


# --- laying over ---------------------------------------------------------------------------------

BASE = """
[paths]
train = null

[nlp]
pipeline = ["one"]

[components]

[components.one]
factory = "ner"
moves = null

[components.two]
factory = "sentencizer"

[training]
seed = 0
data = ${paths.train}

[training.logger]
@loggers = "one.v1"
bar = false
"""


def laid_over(folder: Path, overlay: str) -> str:
    """Return BASE with `overlay` laid over it."""
    (folder / "base.cfg").write_text(BASE, encoding="utf-8")
    (folder / "a.cfg").write_text(overlay, encoding="utf-8")
    return overlaid(folder / "base.cfg", folder / "a.cfg")


NER, SENTENCIZER = {"factory": "ner", "moves": None}, {"factory": "sentencizer"}
COMPONENTS = [
    pytest.param("", {"one": NER}, id="one that is not in the pipeline is left out"),
    pytest.param(
        '[nlp]\npipeline = ["two", "one"]\n',
        {"two": SENTENCIZER, "one": NER},
        id="another pipeline",
    ),
    pytest.param(
        "[components]\n[components.one]\nmoves = 1\n",
        {"one": {"factory": "ner", "moves": 1}},
        id="a setting",
    ),
    pytest.param(
        '[components]\n[components.one]\nfactory = "tagger"\n',
        {"one": {"factory": "tagger"}},
        id="another factory",
    ),
]


@pytest.mark.parametrize(("overlay", "expected"), COMPONENTS)
def test_an_overlay_chooses_components(
    tmp_path: Path, overlay: str, expected: dict[str, object]
) -> None:
    config = Config().from_str(laid_over(tmp_path, overlay), interpolate=False)
    assert config["components"] == expected


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        pytest.param("", {"@loggers": "one.v1", "bar": False}, id="nothing"),
        pytest.param(
            "[training]\n[training.logger]\nbar = true\n",
            {"@loggers": "one.v1", "bar": True},
            id="a setting",
        ),
        pytest.param(
            '[training]\n[training.logger]\n@loggers = "two.v1"\nname = "a"\n',
            {"@loggers": "two.v1", "name": "a"},
            id="another function",
        ),
    ],
)
def test_an_overlay_replaces_settings_and_functions(
    tmp_path: Path, overlay: str, expected: dict[str, object]
) -> None:
    config = Config().from_str(laid_over(tmp_path, overlay), interpolate=False)
    assert config["training"]["logger"] == expected
    assert config["training"]["seed"] == 0


def test_variables_stay_variables(tmp_path: Path) -> None:
    text = laid_over(tmp_path, "[training]\nseed = 1\n")
    first = "# Written by `python -m training.configs` from base.cfg and overlays/a.cfg."
    assert text.splitlines()[0] == first
    assert "data = ${paths.train}" in text
    assert "seed = 1" in text
