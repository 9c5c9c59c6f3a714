"""Tests of project.yml: weasel takes it, and every command in it can be typed."""

import importlib
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import spacy.cli
import srsly
import typer
from spacy.util import load_config
from typer.testing import CliRunner
from weasel import app as weasel
from weasel.schemas import ProjectConfigSchema, validate
from weasel.util import load_project_config

from tests.conftest import ROOT
from zhinvest.cli import app as zhinvest

PROJECT: dict[str, Any] = srsly.read_yaml(ROOT / "project.yml")
COMMANDS: dict[str, dict[str, Any]] = {command["name"]: command for command in PROJECT["commands"]}
ASSETS: list[dict[str, Any]] = PROJECT["assets"]
BUILT = ("assets/", "training/runs/", "models/")
"""Folders of what the project fetches and builds; the rest is committed."""

OPTIONAL = {"assets/sources"}
"""Where `web` looks for texts besides; `weasel run shared` does not lay it out."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with project.yml alone, in which weasel may make folders."""
    path = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "project.yml", path)
    return path


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[list[str]]:
    """The lines of all commands as a shell splits them, variables put in."""
    commands = load_project_config(folder)["commands"]
    return [shlex.split(line) for command in commands for line in command["script"]]


def calls(lines: list[list[str]], *start: str) -> Iterator[list[str]]:
    """Yield what follows `start` in each line that begins with it."""
    for line in lines:
        if tuple(line[: len(start)]) == start:
            yield line[len(start) :]


def options(arguments: Sequence[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}


def shown(text: str) -> set[str]:
    """Return the options that a help text names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


# --- as weasel reads it --------------------------------------------------------------------------


def test_the_file_fits_weasels_schema() -> None:
    assert validate(ProjectConfigSchema, PROJECT) == []


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_weasel_would_run_every_step(folder: Path, workflow: str) -> None:
    result = CliRunner().invoke(weasel, ["run", workflow, str(folder), "--dry"])
    assert result.exit_code == 0, result.output
    for name in PROJECT["workflows"][workflow]:
        assert re.search(rf"= {name} =", result.output)
    assert "${" not in result.output


def test_weasel_keeps_the_lines_of_a_script_apart(lines: list[list[str]]) -> None:
    """It joins a line that ends with a variable to one that begins with a variable."""
    assert len(lines) == sum(len(command["script"]) for command in COMMANDS.values())


def test_every_command_says_what_it_does_needs_and_makes() -> None:
    for command in COMMANDS.values():
        assert command["help"]
        assert command["script"]
        assert command.get("outputs") or command.get("outputs_no_cache") or command["deps"]


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_what_a_step_needs_is_there_by_then(workflow: str) -> None:
    there = {asset["dest"] for asset in ASSETS} | set(COMMANDS["sources"]["outputs"])
    earlier = PROJECT["workflows"]["plain"] if workflow == "distil" else ()
    for name in (*earlier, *PROJECT["workflows"][workflow]):
        needed = {path for path in COMMANDS[name]["deps"] if not _is_within(path, there)}
        assert not [path for path in needed if path.startswith(BUILT)], name
        assert [path for path in needed if not (ROOT / path).exists()] == [], name
        there |= set(COMMANDS[name].get("outputs", []))


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"shared"}))
def test_every_path_of_a_script_is_among_what_it_needs_and_makes(folder: Path, name: str) -> None:
    """What weasel does not know of, it does not look at when it decides whether to run a step."""
    command = next(c for c in load_project_config(folder)["commands"] if c["name"] == name)
    words = {part for line in command["script"] for part in re.split("[:= \"']", line)}
    paths = {word for word in words if word.startswith((*BUILT, "corpus/", "seeds/", "configs/"))}
    kinds = ("deps", "outputs", "outputs_no_cache")
    named = {path for kind in kinds for path in command.get(kind, [])}
    made = {path for path in paths if _is_made(path, command["script"])}
    known = named | made | OPTIONAL
    assert {p for p in paths if not (_is_within(p, known) or _holds_one(p, known))} == set()


def _is_made(path: str, script: Sequence[str]) -> bool:
    """Return whether the script writes the path, or works in it."""
    made = re.compile(rf"--(output|work|report|dest) {re.escape(path)}(/|\s|$)")
    return any(made.search(line) for line in script)


def _is_within(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _holds_one(folder: str, paths: set[str]) -> bool:
    return any(path.startswith(f"{folder}/") for path in paths)


# --- assets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset["dest"])
def test_assets_are_pinned_and_state_their_licence(asset: dict[str, Any]) -> None:
    assert re.search(r"\(.+\)", asset["description"])
    assert re.fullmatch("[0-9a-f]{32}", asset["checksum"])
    assert re.match(r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/", asset["url"])


def test_no_two_assets_go_to_the_same_place() -> None:
    places = [asset["dest"] for asset in ASSETS]
    assert len(places) == len(set(places))
    sums = [asset["checksum"] for asset in ASSETS]
    assert len(sums) == len(set(sums)) == 8


# --- commands ------------------------------------------------------------------------------------


MODULES = sorted({m for c in COMMANDS.values() for m in re.findall(r"-m (training[.\w]+)", str(c))})


def command_of(module: str) -> click.Command:
    """Return what `python -m MODULE` runs."""
    found = importlib.import_module(module)
    if hasattr(found, "__path__"):
        found = importlib.import_module(f"{module}.__main__")
    app = getattr(found, "app", None)
    if app is None:
        app = typer.Typer()
        app.command()(found.main)
    return typer.main.get_command(app)


@pytest.mark.parametrize("module", MODULES)
def test_our_modules_take_the_arguments_given(module: str, lines: list[list[str]]) -> None:
    command = command_of(module)
    found = list(calls(lines, "python", "-m", module))
    assert found
    for arguments in found:
        context = command.make_context(module, list(arguments))
        if isinstance(command, click.Group):
            name, chosen, rest = command.resolve_command(context, list(arguments))
            assert chosen is not None
            chosen.make_context(name, rest, parent=context)


def test_all_commands_are_ours_spacys_or_the_librarys(lines: list[list[str]]) -> None:
    known = {("python", "-m", module) for module in (*MODULES, "pip", "spacy", "zhinvest")}
    assert {tuple(line[:3]) for line in lines} == known


def test_spacy_train_takes_the_options_given(lines: list[list[str]]) -> None:
    shown_options = shown(CliRunner().invoke(spacy.cli.app, ["train", "--help"]).output)
    found = list(calls(lines, "python", "-m", "spacy", "train"))
    assert len(found) >= 2
    for config, *arguments in found:
        settings = {option.removeprefix("--") for option in options(arguments) if "." in option}
        assert options(arguments) - shown_options == {f"--{setting}" for setting in settings}
        sections = load_config(ROOT / config)
        assert [s for s in settings if not _has(sections, s)] == []


def _has(config: dict[str, Any], setting: str) -> bool:
    *sections, key = setting.split(".")
    for section in sections:
        config = config.get(section, {})
    return key in config


def test_the_command_line_takes_the_options_given(lines: list[list[str]]) -> None:
    found = list(calls(lines, "python", "-m", "zhinvest"))
    assert found
    for subcommand, *arguments in found:
        result = CliRunner().invoke(zhinvest, [subcommand, "--help"])
        assert result.exit_code == 0
        assert options(arguments) <= shown(result.output)


def test_the_wheels_are_named_as_the_project_says(lines: list[list[str]]) -> None:
    folders, measured = [], set()
    for arguments in calls(lines, "python", "-m", "training.package"):
        release = arguments[arguments.index("--release") + 1]
        facts = srsly.read_yaml(ROOT / "training" / "releases" / f"{release}.yml")
        folders.append(f"models/zh_{facts['name']}")
        gold_sets = [word.partition("=") for word in arguments if "=" in word]
        assert [name for name, _, _ in gold_sets] == ["web dev", "web test", "seeds"]
        measured |= {path for _, _, path in gold_sets}
    assert COMMANDS["package"]["outputs"] == folders
    assert set(COMMANDS["measure"]["outputs"]) == measured
