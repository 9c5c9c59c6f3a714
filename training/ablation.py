"""What each choice is worth, three seeds each: `python -m training.ablation --help`.

Resumable: a run whose result is there is not repeated. On two cores it is a night's work.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Any, Final

import typer

from training.commands import run
from training.experiment import (
    AuthoredOption,
    DevOption,
    Experiment,
    Laboratory,
    OutputOption,
    SegmenterOption,
    StepsOption,
    WebOption,
    WorkOption,
)
from zhinvest.documents import Document, read_documents
from zhinvest.evaluation.resampling import ArticleCounts, compare
from zhinvest.evaluation.scores import scores
from zhinvest.files import write_text
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Counts, total

BASE: Final = "sm.cfg on web train and the authored corpus"
"""What every other variant is compared with."""

NOISE: Final = {
    "@augmenters": "zhinvest.noise.v1",
    "level": 0.3,
    "kinds": [
        "advert",
        "breaks",
        "furniture",
        "gloss",
        "hant-cn",
        "hant-tw",
        "reword",
        "tags",
        "width",
    ],
    "seed": 0,
}


def main(
    authored: AuthoredOption,
    web: WebOption,
    dev: DevOption,
    segmenter: SegmenterOption,
    weights: Annotated[Path, typer.Option(help="The tok2vec layer that the public sets taught.")],
    work: WorkOption,
    output: OutputOption,
    steps: StepsOption = 2000,
    seeds: Annotated[int, typer.Option(help="Runs of each variant.")] = 3,
) -> None:
    """Train every variant, and compare each with the first on web dev."""
    laboratory = Laboratory(work, read_documents(dev), segmenter, steps)
    found: dict[str, list[ArticleCounts]] = {}
    for name, variant in variants(read_documents(authored), read_documents(web), weights).items():
        for seed in range(seeds):
            settings = {**variant.settings, "system.seed": seed}
            seeded = replace(variant, name=f"{variant.name}-{seed}", settings=settings)
            found.setdefault(name, []).append(laboratory.run(seeded).counts)
    rows = {name: row(counts, found[BASE]) for name, counts in found.items()}
    result = {"steps": steps, "seeds": seeds, "variants": rows}
    write_text(output, json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    typer.echo(f"{output}: " + ", ".join(f"{k} {v[MICRO]['mean']}" for k, v in rows.items()))


def variants(
    authored: Sequence[Document], web: Sequence[Document], weights: Path
) -> dict[str, Experiment]:
    """Return the variants by what is said of them in tables."""
    both = [*web, *authored]
    words = Path("configs/sm_words.cfg")
    return {
        BASE: Experiment("base", both),
        "words first": Experiment("words", both, words),
        "without the authored corpus": Experiment("web", web),
        "without web train": Experiment("authored", authored),
        "with the public sets before": Experiment(
            "public", both, settings={"paths.init_tok2vec": str(weights)}
        ),
        "with noise while training": Experiment(
            "noise", both, settings={"corpora.train.augmenter": NOISE}
        ),
    }


def row(runs: Sequence[ArticleCounts], base: Sequence[ArticleCounts]) -> dict[str, Any]:
    """Return mean and deviation of F1 over the seeds, and the paired test against `base`.

    The test adds up the counts of an article over the seeds, and resamples articles.
    """
    by_seed = [scores(counts) for counts in runs]
    figures: dict[str, Any] = {}
    for label in (*LABELS, MICRO):
        values = [measured[label].f for measured in by_seed]
        deviation = stdev(values) if len(values) > 1 else 0.0
        figures[label] = {"mean": round(fmean(values), 4), "deviation": round(deviation, 4)}
    difference = compare(added(runs), added(base))[MICRO]
    return figures | {"against the first": asdict(difference)}


def added(runs: Sequence[ArticleCounts]) -> ArticleCounts:
    """Return the counts of each article, added up over the runs."""
    return [
        {
            label: counts
            for label, counts in total(same).items()
            if label != MICRO and counts != Counts()
        }
        for same in zip(*runs, strict=True)
    ]


if __name__ == "__main__":
    run(main)
