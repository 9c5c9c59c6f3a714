"""Tests of what pyproject.toml announces to spaCy and to the shell."""

import tomllib
from importlib.metadata import EntryPoint, entry_points, version

import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.util import registry

import zhinvest
from tests.conftest import ROOT
from zhinvest.labels import COLOURS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS: dict[str, dict[str, str]] = PROJECT["entry-points"]
ANNOUNCED = [
    (group, name, value) for group, names in GROUPS.items() for name, value in names.items()
]
CONFIG_GROUPS = {"spacy_factories", "spacy_displacy_colors"}
REGISTERED = [(group, name) for group, name, _ in ANNOUNCED if group not in CONFIG_GROUPS]


def test_something_is_announced() -> None:
    assert {"spacy_factories", "spacy_tokenizers", "spacy_scorers"} <= GROUPS.keys()


@pytest.mark.parametrize(("group", "name", "value"), ANNOUNCED)
def test_entry_point_is_installed_and_loads(group: str, name: str, value: str) -> None:
    (installed,) = entry_points(group=group, name=name)
    assert installed.value == value
    assert installed.load()


@pytest.mark.parametrize(("group", "name"), REGISTERED)
def test_entry_point_is_registered_with_spacy(group: str, name: str) -> None:
    kind = group.removeprefix("spacy_")
    assert registry.has(kind, name)
    (installed,) = entry_points(group=group, name=name)
    assert registry.get(kind, name) is installed.load()


@pytest.mark.parametrize("name", GROUPS["spacy_factories"])
def test_factory_is_registered_with_spacy(name: str) -> None:
    installed = EntryPoint(name, GROUPS["spacy_factories"][name], "spacy_factories")
    assert installed.load()
    assert Language.has_factory(name)
    assert spacy.blank("zh").has_factory(name)


def test_colours_reach_displacy() -> None:
    shown = {"text": "上海", "ents": [{"start": 0, "end": 2, "label": "PLACE"}]}
    html = displacy.render(shown, style="ent", manual=True, jupyter=False)
    assert COLOURS["PLACE"] in html


def test_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="zhinvest")
    assert command.value == PROJECT["scripts"]["zhinvest"]
    assert command.load().info.help.startswith("Read Chinese industrial-investment news")


def test_version_and_names() -> None:
    assert zhinvest.__version__ == version("zhinvest") == PROJECT["version"]
    assert all(hasattr(zhinvest, name) for name in zhinvest.__all__)
