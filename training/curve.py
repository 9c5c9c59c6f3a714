"""What the corpus is worth: the small config on parts of it, on web train, and on both.

`python -m training.curve --help`. Resumable: a run whose result is there is not repeated.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import typer

from training.commands import run
from training.convert import write_spacy
from zhinvest.documents import Document, read_documents
from zhinvest.files import write_text

FRACTIONS: Final = (25, 50, 75, 100)
"""Parts of the authored corpus, in per cent; a larger part contains the smaller ones."""


def main(
    authored: Annotated[Path, typer.Option(help="JSONL of the authored articles.")],
    web: Annotated[Path, typer.Option(help="JSONL of web train.")],
    dev: Annotated[Path, typer.Option(help="The .spacy file of web dev.")],
    segmenter: Annotated[Path, typer.Option(help="Folder of the pkuseg model.")],
    work: Annotated[Path, typer.Option(help="Folder for the runs.")],
    output: Annotated[Path, typer.Option(help="JSON file for the results.")],
    steps: Annotated[int, typer.Option(help="Steps of each run.")] = 4000,
    only: Annotated[
        list[str] | None, typer.Option(help="Names of the runs to do; all if none.")
    ] = None,
) -> None:
    """Train configs/sm.cfg, without the public sets, on each data set; note F1 on web dev."""
    sets = data_sets(read_documents(authored), read_documents(web))
    for name in only or list(sets):
        result = work / f"{name}.json"
        if not result.exists():
            score = _train(work / name, sets[name], dev, segmenter, steps)
            characters = sum(len(document.text) for document in sets[name])
            row = {"articles": len(sets[name]), "characters": characters, "micro": score}
            write_text(result, json.dumps(row) + "\n")
    found = {
        name: _read(work / f"{name}.json") for name in sets if (work / f"{name}.json").exists()
    }
    write_text(output, json.dumps({"steps": steps, "runs": found}, indent=2) + "\n")
    typer.echo(json.dumps({name: round(row["micro"], 4) for name, row in found.items()}))


def data_sets(
    authored: Sequence[Document], web: Sequence[Document]
) -> dict[str, Sequence[Document]]:
    """Return the training sets by name: parts of the authored corpus, web train, and both."""
    shuffled = Random(0).sample(authored, len(authored))
    parts = {f"authored-{p}": shuffled[: len(shuffled) * p // 100] for p in FRACTIONS}
    return {**parts, "web": web, "both": [*authored, *web]}


def _train(
    folder: Path, documents: Sequence[Document], dev: Path, segmenter: Path, steps: int
) -> float:
    data = folder.with_suffix(".spacy")
    write_spacy(data, documents, partial=False)
    paths = {"paths.train": data, "paths.dev": dev, "paths.segmenter": segmenter}
    settings = {**paths, "training.max_steps": steps, "training.eval_frequency": steps // 2}
    options = [f"--{key}={value}" for key, value in settings.items()]
    command = ["spacy", "train", "configs/sm.cfg", "--output", str(folder), *options]
    subprocess.run([sys.executable, "-m", *command], check=True)
    score: float = _read(folder / "model-best" / "meta.json")["performance"]["ents_f"]
    return score


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


if __name__ == "__main__":
    run(main)
