"""Tests of the release: the wheel says what it holds, and works where nothing else is installed."""

import json
import os
import re
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import spacy
import typer
from click.testing import Result
from packaging.requirements import Requirement
from spacy.language import Language
from typer.testing import CliRunner

from tests.conftest import ROOT, TINY
from training.model_card import METRICS, read_release
from training.package import complete_meta, main
from zhinvest import __version__
from zhinvest.cli import app as zhinvest
from zhinvest.documents import read_documents, write_documents
from zhinvest.evaluation.scores import evaluate
from zhinvest.labels import LABELS
from zhinvest.scorer import doc_spans

NAME = "zh_ent_invest_sm"
FACTS = read_release("sm")
GOLD = read_documents(TINY)


def package(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def metrics(pipeline_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of `zhinvest evaluate --report`: on all articles and on two."""
    folder = tmp_path_factory.mktemp("metrics")
    files = {}
    for name, documents in (("web dev", GOLD), ("seeds", GOLD[:2])):
        gold = folder / f"{name}.jsonl"
        write_documents(gold, documents)
        options = ["--report", str(folder / name), "--training", str(gold)]
        result = CliRunner().invoke(
            zhinvest, ["evaluate", str(pipeline_folder), str(gold), *options]
        )
        assert result.exit_code == 0, result.output
        files[name] = folder / name / METRICS
    return files


def strict(path: Path) -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))["strict"]
    return scores


@pytest.fixture(scope="module")
def released(
    pipeline_folder: Path, metrics: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Folder of the released pipeline."""
    models = tmp_path_factory.mktemp("models")
    folder = models / NAME
    folder.mkdir()
    (folder / f"{NAME}-0.0.1-py3-none-any.whl").write_bytes(b"of before")
    options = [f"--metrics={name}={path}" for name, path in metrics.items()]
    result = package(pipeline_folder, "--release", "sm", *options, "--output", models)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def wheel(released: Path) -> Path:
    (path,) = released.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def meta(wheel: Path) -> dict[str, Any]:
    """The meta.json inside the wheel."""
    with ZipFile(wheel) as archive:
        data: dict[str, Any] = json.loads(archive.read(f"{NAME}/meta.json"))
    return data


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What pip reads of the wheel."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return Parser().parsestr(archive.read(name).decode("utf-8"))


# --- what lies in the folder ---------------------------------------------------------------------


def test_the_folder_holds_wheel_metrics_and_model_card(released: Path) -> None:
    names = {path.name for path in released.iterdir()}
    assert names == {f"{NAME}-{FACTS['version']}-py3-none-any.whl", "metrics.json", "README.md"}


def test_the_metrics_are_those_given(released: Path, metrics: dict[str, Path]) -> None:
    written = json.loads((released / "metrics.json").read_text(encoding="utf-8"))
    given = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in metrics.items()}
    assert written == given
    assert list(written) == ["web dev", "seeds"]
    assert set(written["seeds"]["strict"]) == {*LABELS, "micro", "macro"}


def test_the_model_card_has_a_row_for_every_score(released: Path, metrics: dict[str, Path]) -> None:
    card = (released / "README.md").read_text(encoding="utf-8")
    for name, path in metrics.items():
        for label, s in strict(path).items():
            numbers = f"{s['p']:.3f} | {s['r']:.3f} | {s['f']:.3f} | {s['low']:.3f}-{s['high']:.3f}"
            assert f"\n| {name} | {label} | {numbers} | {s['support']} |\n" in card


def test_the_model_card_says_what_the_model_is(released: Path) -> None:
    card = (released / "README.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {NAME} {FACTS['version']}\n")
    assert f'spacy.load("{NAME}")' in card
    assert "| pipeline | tok2vec, ner, words, sentencizer |" in card
    assert f"| labels | {', '.join(LABELS)} |" in card
    assert f"| licence | {FACTS['license']} |" in card
    assert FACTS["recipe"] in card
    assert FACTS["runs"] in card
    assert FACTS["limits"] in card
    assert "{{" not in card
    assert "{%" not in card


def test_the_tables_of_the_model_card_are_whole(released: Path) -> None:
    card = (released / "README.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)
    widths = [{line.count("|") for line in table.splitlines()} for table in tables]
    assert all(len(width) == 1 for width in widths)
    assert widths[:4] == [{3}, {8}, {9}, {3}]
    assert len(tables[1].splitlines()) == 2 + 2 * (len(LABELS) + 2)


def test_the_links_of_the_model_card_lead_somewhere(released: Path) -> None:
    card = (released / "README.md").read_text(encoding="utf-8")
    for source in FACTS["sources"]:
        assert f"[{source['name']}](" in card
    links = re.findall(r"\]\(([^)]*)\)", card)
    assert len(links) == len(FACTS["sources"])
    for link in links:
        place = (ROOT / "models" / NAME / link).resolve()
        assert link.startswith("https://") or place.exists(), link


# --- what lies in the wheel ----------------------------------------------------------------------


def test_the_meta_has_name_version_and_licence(meta: dict[str, Any], metadata: Message) -> None:
    assert f"{meta['lang']}_{meta['name']}" == NAME
    assert meta["version"] == FACTS["version"]
    assert meta["license"] == FACTS["license"] == "CC BY-SA 4.0"
    assert meta["description"] == FACTS["description"]
    assert (metadata["Name"], metadata["Version"]) == (NAME, FACTS["version"])
    assert metadata["License"] == FACTS["license"]


def test_the_meta_names_every_source_with_its_licence(meta: dict[str, Any]) -> None:
    assert meta["sources"] == FACTS["sources"]
    assert len(meta["sources"]) > 3
    for source in meta["sources"]:
        assert all(source[key].strip() for key in ("name", "url", "author", "license"))


def test_the_meta_has_performance_per_label_with_support(
    meta: dict[str, Any], metrics: dict[str, Path]
) -> None:
    first = strict(metrics["web dev"])
    performance = meta["performance"]
    assert performance["ents_f"] == pytest.approx(first["micro"]["f"])
    assert performance["ents_p"] == pytest.approx(first["micro"]["p"])
    assert performance["ents_r"] == pytest.approx(first["micro"]["r"])
    assert set(performance["ents_per_type"]) == set(LABELS)
    for label, scores in performance["ents_per_type"].items():
        assert scores == pytest.approx({key: first[label][key] for key in scores})
        assert set(scores) == {"p", "r", "f", "support"}
    support = sum(scores["support"] for scores in performance["ents_per_type"].values())
    assert support == sum(len(document.ents) for document in GOLD)


def test_the_accuracy_in_the_wheels_readme_is_in_per_cent(metadata: Message) -> None:
    rows = re.findall(r"\| `(ENTS_\w+)` \| ([\d.]+) \|", metadata.get_payload())
    assert {name for name, _ in rows} == {"ENTS_P", "ENTS_R", "ENTS_F"}
    assert all(0 <= float(score) <= 100 for _, score in rows)


def test_the_wheel_requires_zhinvest(meta: dict[str, Any], metadata: Message) -> None:
    required = {Requirement(text).name: Requirement(text) for text in meta["requirements"]}
    assert required.keys() == {"zhinvest", "spacy"}
    assert __version__ in required["zhinvest"].specifier
    assert "99.0" not in required["zhinvest"].specifier
    assert spacy.__version__ in required["spacy"].specifier
    assert {Requirement(text) for text in metadata.get_all("Requires-Dist")} == set(
        required.values()
    )


@pytest.mark.parametrize(
    ("version", "inside", "outside"),
    [("0.1.0", "0.1.9", "0.2.0"), ("1.12.3", "1.12.4", "1.13.0"), ("0.9.0", "0.9.1", "0.10.0")],
)
def test_the_requirement_ends_at_the_next_minor(
    monkeypatch: pytest.MonkeyPatch, version: str, inside: str, outside: str
) -> None:
    monkeypatch.setattr("training.package.__version__", version)
    row = dict.fromkeys(("p", "r", "f", "support"), 1)
    meta = complete_meta({"lang": "zh"}, FACTS, {"dev": {"strict": {"ORG": row, "micro": row}}})
    (requirement,) = map(Requirement, meta["requirements"])
    assert requirement.name == "zhinvest"
    assert version in requirement.specifier
    assert inside in requirement.specifier
    assert outside not in requirement.specifier


def test_the_wheel_holds_the_segmenter(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    words = f"{NAME}/{NAME}-{FACTS['version']}/words"
    assert {f"{words}/features.msgpack", f"{words}/weights.npz"} <= names


def test_a_release_that_fails_leaves_the_former_one(
    tmp_path: Path, pipeline_folder: Path, released: Path, metrics: dict[str, Path]
) -> None:
    models = shutil.copytree(released.parent, tmp_path / "models")
    broken = shutil.copytree(pipeline_folder, tmp_path / "broken")
    (broken / "config.cfg").unlink()
    options = ["--release", "sm", f"--metrics=web dev={metrics['web dev']}", "--output", models]
    result = package(broken, *options)
    assert isinstance(result.exception, subprocess.CalledProcessError)
    for path in released.iterdir():
        assert (models / NAME / path.name).read_bytes() == path.read_bytes()


def test_a_card_that_fails_leaves_the_former_release(
    tmp_path: Path, pipeline_folder: Path, released: Path, metrics: dict[str, Path]
) -> None:
    models = shutil.copytree(released.parent, tmp_path / "models")
    measured = json.loads(metrics["web dev"].read_text(encoding="utf-8"))
    (tmp_path / "metrics.json").write_text(json.dumps({"strict": measured["strict"]}))
    options = ["--release", "sm", f"--metrics=web dev={tmp_path / 'metrics.json'}"]
    result = package(pipeline_folder, *options, "--output", models)
    assert isinstance(result.exception, KeyError)
    for path in released.iterdir():
        assert (models / NAME / path.name).read_bytes() == path.read_bytes()


# --- where nothing else is installed -------------------------------------------------------------


def uv(*arguments: str | Path, cwd: Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of zhinvest, built from a copy of its files."""
    source = tmp_path_factory.mktemp("library")
    shutil.copytree(ROOT / "zhinvest", source / "zhinvest")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    uv("build", "--wheel", "--out-dir", source / "dist", cwd=source)
    (path,) = (source / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def clean(library: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment that holds run.txt and the two wheels alone."""
    folder = tmp_path_factory.mktemp("clean")
    uv("venv", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    install = ("pip", "install", "--python", python)
    uv(*install, "-r", ROOT / "requirements" / "run.txt", cwd=folder)
    uv(*install, "--no-deps", library, wheel, cwd=folder)
    uv("pip", "check", "--python", python, cwd=folder)
    return python


def run_clean(command: str | Path, *arguments: str, cwd: Path, stdin: str = "") -> str:
    """Run a command in an empty folder with an empty home and no other setting."""
    home = cwd / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [str(command), *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


READ = f"""
import json, sys
import spacy
nlp = spacy.load("{NAME}")
docs = [nlp(text) for text in json.load(sys.stdin)]
spans = [[[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in docs]
words = [[token.text for token in doc] for doc in docs]
json.dump([spans, words, sorted(sys.modules)], sys.stdout)
"""


def test_the_installed_model_reads_as_the_trained_one(
    clean: Path, tmp_path: Path, pipeline: Language
) -> None:
    texts = [document.text for document in GOLD]
    spans, words, modules = json.loads(
        run_clean(clean, "-c", READ, cwd=tmp_path, stdin=json.dumps(texts))
    )
    docs = [pipeline(text) for text in texts]
    assert spans == [[list(span) for span in doc_spans(doc)] for doc in docs]
    assert words == [[token.text for token in doc] for doc in docs]
    assert sum(map(len, spans)) > 100
    assert not {"torch", "sklearn", "wandb"} & set(modules)


def test_the_installed_command_measures_the_installed_model(
    clean: Path, tmp_path: Path, pipeline: Language
) -> None:
    arguments = ("evaluate", NAME, str(TINY), "--json")
    scores = json.loads(run_clean(clean.parent / "zhinvest", *arguments, cwd=tmp_path))
    ours = evaluate(pipeline, GOLD)
    assert scores["micro"]["f"] == pytest.approx(ours["micro"].f)
