"""What each choice is worth: `python -m training.ablation --help`.

The results go into one JSON file, from which the model cards take them.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Any, Final, cast

import numpy as np
import typer

from training.assemble import PARTS, SHARES, columns, linear_layer
from training.benchmark.results import merge
from training.commands import run
from training.experiment import (
    AuthoredOption,
    DevOption,
    Experiment,
    JobsOption,
    Laboratory,
    OutputOption,
    SegmenterOption,
    StepsOption,
    WebOption,
    WorkOption,
)
from zhinvest.cli import BESIDES, load_pipeline
from zhinvest.documents import Document, read_documents
from zhinvest.evaluation.resampling import ArticleCounts, compare
from zhinvest.evaluation.scores import evaluate, scores
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Counts, total
from zhinvest.tagger import Tagger

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

WHOLE: Final = "as released"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def parts(
    pipelines: Annotated[list[str], typer.Argument(help="Names of released pipelines.")],
    dev: DevOption,
    output: OutputOption,
) -> None:
    """Measure released pipelines on web dev without each of their parts in turn."""
    gold = read_documents(dev)
    for name in pipelines:
        whole = load_pipeline(name, exclude=BESIDES)
        rows = {}
        for part, remove in parts_of(cast(Tagger, whole.get_pipe("ner"))).items():
            nlp = load_pipeline(name, exclude=BESIDES)
            remove(cast(Tagger, nlp.get_pipe("ner")))
            measured = evaluate(nlp, gold)
            rows[part] = {label: round(measured[label].f, 4) for label in (*LABELS, MICRO)}
            typer.echo(f"{name}, {part}: {rows[part][MICRO]}")
        merge(output, {"parts": {name: {"version": whole.meta["version"], "f1": rows}}})


def parts_of(tagger: Tagger) -> dict[str, Callable[[Tagger], None]]:
    """Return what takes away each part that `tagger` has; under WHOLE what takes nothing."""
    removals: dict[str, Callable[[Tagger], None]] = {WHOLE: lambda _: None}
    if tagger.cfg["sharing"]:
        removals["mentions of a name share nothing"] = lambda t: t.cfg.update(sharing=0.0)
    if tagger.cfg["transitions"] is not None:
        removals["no transitions in the decoder"] = lambda t: t.cfg.update(transitions=None)
    places = columns(tagger.model)
    if len(places) > 1:
        removals |= {f"{part} alone": partial(keep, {part}) for part in places}
    if len(places) == len(PARTS):
        removals |= {f"without the {part}": partial(keep, {*places} - {part}) for part in places}
    return removals


def keep(names: Set[str], tagger: Tagger) -> None:
    """Have a mean score by some of its parts alone; of the biases only the mean is left."""
    linear, shares = linear_layer(tagger.model), tagger.model.get_ref("tok2vec").attrs[SHARES]
    weights = np.array(linear.get_param("W"))
    places = columns(tagger.model)
    kept = sum(share for part, share in zip(places, shares, strict=True) if part in names)
    for part, place in places.items():
        weights[:, place] *= 1 / kept if part in names else 0
    linear.set_param("W", cast(Any, weights))


@app.command()
def train(
    authored: AuthoredOption,
    web: WebOption,
    dev: DevOption,
    segmenter: SegmenterOption,
    weights: Annotated[Path, typer.Option(help="The tok2vec layer that the public sets taught.")],
    work: WorkOption,
    output: OutputOption,
    steps: StepsOption = 2000,
    seeds: Annotated[int, typer.Option(help="Runs of each variant.")] = 3,
    jobs: JobsOption = 1,
) -> None:
    """Train every variant of the small config, and compare each with the first on web dev.

    Resumable: a run whose result is there is not repeated.
    """
    laboratory = Laboratory(work, read_documents(dev), segmenter, steps, jobs)
    chosen = variants(read_documents(authored), read_documents(web), weights)
    runs = [(name, seeded(variant, n)) for name, variant in chosen.items() for n in range(seeds)]
    results = laboratory.run_all([experiment for _, experiment in runs])
    found: dict[str, list[ArticleCounts]] = {}
    for (name, _), result in zip(runs, results, strict=True):
        found.setdefault(name, []).append(result.counts)
    rows = {name: row(counts, found[BASE]) for name, counts in found.items()}
    merge(output, {"training": {"steps": steps, "seeds": seeds, "variants": rows}})
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


def seeded(variant: Experiment, seed: int) -> Experiment:
    """Return the variant with a seed, which its name ends with."""
    settings = {**variant.settings, "system.seed": seed}
    return replace(variant, name=f"{variant.name}-{seed}", settings=settings)


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
    run(app)
