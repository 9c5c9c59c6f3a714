"""What the corpus is worth: the small config on parts of it, on web train, and on both.

`python -m training.curve --help`. Resumable: a run whose result is there is not repeated.
"""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import typer

from training.commands import run
from training.experiment import (
    AuthoredOption,
    DevOption,
    Experiment,
    JobsOption,
    Laboratory,
    OutputOption,
    Result,
    SegmenterOption,
    StepsOption,
    WebOption,
    WorkOption,
)
from zhinvest.documents import Document, read_documents
from zhinvest.evaluation.scores import scores
from zhinvest.files import write_text
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO

FRACTIONS: Final = (25, 50, 75, 100)
"""Parts of the authored corpus, in per cent; a larger part contains the smaller ones."""

LATER: Final = "web-more-"
"""How the ids of the passages begin that were added to web train."""


def main(
    authored: AuthoredOption,
    web: WebOption,
    dev: DevOption,
    segmenter: SegmenterOption,
    work: WorkOption,
    output: OutputOption,
    steps: StepsOption = 4000,
    jobs: JobsOption = 1,
) -> None:
    """Train configs/sm.cfg, without the public sets, on each data set; note F1 on web dev."""
    laboratory = Laboratory(work, read_documents(dev), segmenter, steps, jobs)
    sets = data_sets(read_documents(authored), read_documents(web))
    results = laboratory.run_all([Experiment(name, documents) for name, documents in sets.items()])
    rows = {name: _row(result) for name, result in zip(sets, results, strict=True)}
    write_text(output, json.dumps({"steps": steps, "runs": rows}, indent=1) + "\n")
    typer.echo(f"{output}: " + ", ".join(f"{name} {row[MICRO]}" for name, row in rows.items()))


def data_sets(
    authored: Sequence[Document], web: Sequence[Document]
) -> dict[str, Sequence[Document]]:
    """Return the training sets by name: parts of the authored corpus, web train, and both.

    `web-first` are the passages of web train that were there first, without the later ones.
    """
    shuffled = Random(0).sample(authored, len(authored))
    parts = {f"authored-{p}": shuffled[: len(shuffled) * p // 100] for p in FRACTIONS}
    first = [document for document in web if not document.id.startswith(LATER)]
    webs = {"web-first": first, "web": web}
    both = {name.replace("web", "both"): [*authored, *passages] for name, passages in webs.items()}
    return {**parts, **webs, **both}


def _row(result: Result) -> dict[str, Any]:
    measured = scores(result.counts)
    sizes = {"articles": result.articles, "characters": result.characters}
    return sizes | {label: round(measured[label].f, 4) for label in (*LABELS, MICRO)}


if __name__ == "__main__":
    run(main)
