"""Shared fixtures: a tiny corpus, a real word segmentation model, and pipelines trained on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from zhinvest.documents import Document, read_documents

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
TINY = DATA / "tiny.jsonl"
UNER = DATA / "tiny.iob2"
SMALL = {
    "training.max_steps": "160",
    "training.eval_frequency": "40",
    "training.dropout": "0.0",
    "training.optimizer.learn_rate": "0.005",
    "components.ner.update_with_oracle_cut_size": "10",
    "components.tok2vec.model.embed.rows": "[1000, 2000, 2000]",
    "components.tok2vec.model.embed.widths": "[16, 16, 8]",
    "components.tok2vec.model.encode.width": "32",
    "components.tok2vec.model.encode.depth": "2",
}
"""Config overrides with which seconds are enough to learn the tiny corpus by heart."""


def run(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a Python module as a user would; its output, or a failure that shows it."""
    import os

    result = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def train(config: str, output: Path, gold: Path, segmenter: Path, **environment: str) -> Path:
    """Train on `gold`, with `gold` as dev, by `spacy train`; the folder of the best pipeline."""
    options = [f"--{key}={value}" for key, value in SMALL.items()]
    paths = ["--paths.train", gold, "--paths.dev", gold, "--paths.segmenter", segmenter]
    run(
        "spacy",
        "train",
        f"configs/{config}.cfg",
        "--output",
        output,
        *paths,
        *options,
        **environment,
    )
    return output / "model-best"


@pytest.fixture(scope="session")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a pkuseg model trained on a few sentences."""
    folder = tmp_path_factory.mktemp("segmenter")
    run(
        "training.segmenter", "train", UNER, "--test", UNER, "--output", folder, "--iterations", "5"
    )
    return folder


@pytest.fixture(scope="session")
def gold_spacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus in spaCy's format."""
    path = tmp_path_factory.mktemp("corpus") / "tiny.spacy"
    run("training.convert", "gold", TINY, "--output", path)
    return path


@pytest.fixture(scope="session")
def pipeline_folder(
    tmp_path_factory: pytest.TempPathFactory, gold_spacy: Path, segmenter: Path
) -> Path:
    """Folder of a small pipeline trained with configs/sm.cfg until it knows the tiny corpus."""
    return train("sm", tmp_path_factory.mktemp("training"), gold_spacy, segmenter)


@pytest.fixture(scope="session")
def pipeline(pipeline_folder: Path) -> Language:
    """The pipeline of `pipeline_folder`."""
    return spacy.load(pipeline_folder)


@pytest.fixture
def characters() -> Language:
    """A blank pipeline with the character tokenizer."""
    return spacy.blank(
        "zh", config={"nlp": {"tokenizer": {"@tokenizers": "zhinvest.CharTokenizer.v1"}}}
    )


@pytest.fixture(scope="session")
def gold() -> list[Document]:
    """The tiny corpus, which `pipeline` knows by heart."""
    return read_documents(TINY)


@pytest.fixture(scope="module")
def one_thread() -> None:
    """Let PyTorch compute in one thread: its sums are then the same in every run."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in 32 bits, whatever the CPU has."""
    monkeypatch.setattr("zhinvest.network.has_bfloat16", lambda: False)
