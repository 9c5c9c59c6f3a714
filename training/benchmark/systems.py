"""The systems that are compared, each in an environment of its own.

Nothing that a system needs enters the dependencies of this project: `uv` makes a virtual
environment for each list of requirements, and `worker.py` runs the system there.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import srsly

from zhinvest.files import write_text
from zhinvest.scorer import Span

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
WORK: Final = Path("training/runs/benchmark")
"""Where the environments are made."""
UV: Final = (sys.executable, "-m", "uv")
PYTHON: Final = "3.11"
_SHOWN: Final = 300
"""Characters of an error that are kept as the reason why a system could not be had."""


class UnavailableError(Exception):
    """A system that cannot be installed or run here, and why."""


@dataclass(frozen=True)
class System:
    """A system as `systems.yml` states it."""

    name: str
    adapter: str
    labels: list[str]
    requirements: list[str]
    argument: str = ""
    strip: bool = False


@dataclass(frozen=True)
class Run:
    """What one run of a system gave: seconds, megabytes, and the spans of each text."""

    load_seconds: float
    seconds: float
    characters: int
    peak_mb: float
    spans: list[list[Span]] = field(repr=False)

    @property
    def speed(self) -> float:
        """Characters a second, from text to entities."""
        return self.characters / self.seconds


def read_systems(path: Path = HERE / "systems.yml") -> list[System]:
    """Read the list of systems."""
    return [System(**row) for row in srsly.read_yaml(path)]


class Environments:
    """Virtual environments in a folder, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._ready: set[Path] = set()

    def run(
        self, system: System, texts: Sequence[str], *, batch: int = 32, processes: int = 1
    ) -> Run:
        """Run `system` on `texts` and return what it gave.

        Raises:
            UnavailableError: it cannot be installed, or it fails.
        """
        python = self.install(system)
        with tempfile.TemporaryDirectory() as work:
            given, output = Path(work) / "texts.json", Path(work) / "output.json"
            given.write_text(json.dumps(list(texts)), encoding="utf-8")
            options = ["--batch", batch, "--processes", processes, "--argument", system.argument]
            _call(python, HERE / "worker.py", system.adapter, given, output, *options)
            row = json.loads(output.read_text(encoding="utf-8"))
        row["spans"] = [[(start, end, label) for start, end, label in s] for s in row["spans"]]
        return Run(**row)

    def install(self, system: System) -> Path:
        """Return the Python of the environment of `system`, which is made where it is missing.

        Raises:
            UnavailableError: the environment cannot be made.
        """
        folder = self._folder(system)
        python, done = folder / "bin" / "python", folder / "requirements.txt"
        if folder not in self._ready and (self._is_ours(system) or not done.exists()):
            _call(*UV, "venv", "--quiet", "--clear", "--python", PYTHON, folder)
            if found := [_resolve(requirement) for requirement in system.requirements]:
                _call(*UV, "pip", "install", "--quiet", "--python", python, *found)
            write_text(done, "\n".join(system.requirements) + "\n")
        self._ready.add(folder)
        return python

    def size_mb(self, system: System) -> float:
        """Return what the system and all that it needs take on disk, in megabytes."""
        files = (path for path in self._folder(system).rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files if not path.is_symlink()) / 1e6

    def _folder(self, system: System) -> Path:
        text = "\n".join(system.requirements)
        return self.folder / f"{system.adapter}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @staticmethod
    def _is_ours(system: System) -> bool:
        """Say whether the project itself is installed, which may have changed since."""
        return any(requirement.startswith(".") for requirement in system.requirements)


def _resolve(requirement: str) -> str:
    """Return a requirement as uv reads it: a folder of `models/` stands for its wheel."""
    if requirement.startswith("."):
        return str(ROOT) + requirement[1:]
    if requirement.startswith("models/"):
        return str(next((ROOT / requirement).glob("*.whl"), ROOT / requirement))
    return requirement


def _call(*command: object) -> None:
    # Nothing of the project's own environment may be seen from that of a system.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            check=False,
            cwd=HERE,
            env=environment,
        )
    except OSError as error:
        raise UnavailableError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        message = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise UnavailableError(message[-_SHOWN:])
