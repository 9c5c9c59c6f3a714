"""Small experiments: a config trained on some articles, and what it then reads in gold ones.

A result that is there is not computed again, so that a long series can be broken off. It counts
as there for the same data, config, settings and steps alone.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import spacy
import typer
from thinc.api import Config

from training.convert import write_spacy
from training.digest import digest
from training.tables import FOLDER
from zhinvest.documents import Document
from zhinvest.evaluation.resampling import ArticleCounts
from zhinvest.evaluation.scores import read_gold, strict_counts
from zhinvest.files import write_text
from zhinvest.scorer import Counts

AuthoredOption = Annotated[Path, typer.Option(help="JSONL of the authored articles.")]
WebOption = Annotated[Path, typer.Option(help="JSONL of web train.")]
DevOption = Annotated[Path, typer.Option(help="JSONL of web dev.")]
SegmenterOption = Annotated[Path, typer.Option(help="Folder of the pkuseg model.")]
WorkOption = Annotated[Path, typer.Option(help="Folder for the runs.")]
OutputOption = Annotated[Path, typer.Option(help="JSON file for the results.")]
StepsOption = Annotated[int, typer.Option(help="Steps of each run.")]
JobsOption = Annotated[int, typer.Option(help="Runs at a time, which share the cores.")]

NOISE: Final = Path(__file__).parent / "noise.py"
"""The module that registers `zhinvest.noise.v1`, for `spacy train --code`."""


@dataclass(frozen=True)
class Experiment:
    """A training run: its name, what is trained on, the config, and settings by dotted path."""

    name: str
    documents: Sequence[Document]
    config: Path = Path("configs/sm.cfg")
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What an experiment gave: size of the training set, and strict counts by gold article."""

    articles: int
    characters: int
    counts: ArticleCounts


class Laboratory:
    """Runs experiments in a folder, all with the same gold articles, segmenter and steps."""

    def __init__(
        self, work: Path, gold: Sequence[Document], segmenter: Path, steps: int, jobs: int = 1
    ) -> None:
        self.work = work
        self._gold = gold
        self._segmenter = segmenter
        self._steps = steps
        self._jobs = jobs

    def run_all(self, experiments: Sequence[Experiment]) -> list[Result]:
        """Return the results of `experiments`, in their order; several run at a time.

        Raises:
            subprocess.CalledProcessError: as `run`; no further run begins.
        """
        with ThreadPoolExecutor(self._jobs) as pool:
            futures = [pool.submit(self.run, experiment) for experiment in experiments]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def run(self, experiment: Experiment) -> Result:
        """Return the result of `experiment`, from its file where that is there.

        Raises:
            subprocess.CalledProcessError: training failed; its output has been shown.
        """
        path = self.work / f"{experiment.name}.{self._digest(experiment)}.json"
        if not path.exists():
            best = self._train(experiment)
            counts = strict_counts(read_gold(spacy.load(best, exclude=["words"]), self._gold))
            _write(path, experiment.documents, counts)
        return _read(path)

    def _digest(self, experiment: Experiment) -> str:
        """Return what tells this run from others: a digest of all that it depends on."""
        settings = sorted(experiment.settings.items())
        named = (Path(value) for _, value in settings if isinstance(value, str))
        values = (self._steps, settings, experiment.documents, self._gold)
        noise = (NOISE, FOLDER) if "corpora.train.augmenter" in experiment.settings else ()
        return digest(values, experiment.config, self._segmenter, *noise, *named)

    def _train(self, experiment: Experiment) -> Path:
        folder = self.work / experiment.name
        folder.mkdir(parents=True, exist_ok=True)
        paths = {"train": folder / "train.spacy", "dev": folder / "dev.spacy"}
        write_spacy(paths["train"], experiment.documents, partial=False)
        write_spacy(paths["dev"], self._gold, partial=False)
        settings = {
            **{f"paths.{name}": str(path) for name, path in paths.items()},
            "paths.segmenter": str(self._segmenter),
            "training.max_steps": self._steps,
            "training.eval_frequency": max(1, self._steps // 4),
            **experiment.settings,
        }
        config = with_settings(experiment.config, settings)
        config.to_disk(folder / "config.cfg")
        command = ["spacy", "train", str(folder / "config.cfg"), "--output", str(folder)]
        threads = str(max(1, (os.cpu_count() or 1) // self._jobs))
        subprocess.run(
            [sys.executable, "-m", *command, "--code", str(NOISE)],
            check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
        )
        return folder / "model-best"


def with_settings(config: Path, settings: Mapping[str, Any]) -> Config:
    """Return the config with `settings`, a value for each dotted path, in place of its own.

    Raises:
        KeyError: a section of a path does not exist.
    """
    changed = Config().from_disk(config, interpolate=False)
    for path, value in settings.items():
        *sections, key = path.split(".")
        place: Any = changed
        for section in sections:
            place = place[section]
        place[key] = value
    return changed


def _write(path: Path, documents: Sequence[Document], counts: ArticleCounts) -> None:
    row = {
        "articles": len(documents),
        "characters": sum(len(document.text) for document in documents),
        "counts": [{label: astuple(c) for label, c in article.items()} for article in counts],
    }
    write_text(path, json.dumps(row) + "\n")


def _read(path: Path) -> Result:
    row = json.loads(path.read_text(encoding="utf-8"))
    counts = [{label: Counts(*c) for label, c in article.items()} for article in row["counts"]]
    return Result(row["articles"], row["characters"], counts)
