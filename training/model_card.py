"""The model card of a released pipeline: `python -m training.model_card --help`.

It is made of what lies beside it (the wheel's meta.json, metrics.json), of the release's facts in
training/releases, and of the results of `training.ablation`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from zipfile import ZipFile

import jinja2
import srsly
import typer

from training.commands import run
from zhinvest.files import write_text
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO

RELEASES: Final = Path(__file__).parent / "releases"
TEMPLATES: Final = Path(__file__).parent / "templates"
METRICS: Final = "metrics.json"
CARD: Final = "README.md"
ABLATION: Final = "ablation.json"
"""In the folder of all released pipelines: the results of `training.ablation`."""

COLUMNS: Final = (*LABELS, MICRO)

ReleaseOption = Annotated[str, typer.Option(help="Name of the file in training/releases: sm, trf.")]
ModelsOption = Annotated[Path, typer.Option(help="Folder of the released pipelines.")]


def main(release: ReleaseOption, models: ModelsOption = Path("models")) -> None:
    """Write the model card of a released pipeline again."""
    facts = read_release(release)
    write_card(models / f"zh_{facts['name']}", facts)


def read_release(release: str) -> dict[str, Any]:
    """Return the facts of a release, from its file in training/releases."""
    facts: dict[str, Any] = srsly.read_yaml(RELEASES / f"{release}.yml")
    return facts


def write_card(folder: Path, facts: dict[str, Any]) -> None:
    """Write README.md of the released pipeline in `folder`, which holds a wheel and METRICS.

    What ABLATION, beside the folder, says of this version is told too, where it is there.
    """
    (wheel,) = folder.glob("*.whl")
    metrics = read_json(folder / METRICS)
    write_text(folder / CARD, card_of(wheel, facts, metrics, folder.parent))


def card_of(wheel: Path, facts: dict[str, Any], metrics: dict[str, Any], models: Path) -> str:
    """Return the model card of a wheel, which need not be in the folder `models` yet."""
    meta = wheel_meta(wheel)
    return model_card(meta, facts, metrics, read_ablation(models, meta["version"]))


def read_ablation(models: Path, version: str) -> dict[str, Any]:
    """Return what ABLATION in the folder `models` holds, of pipelines that of `version` alone."""
    path = models / ABLATION
    if not path.exists():
        return {}
    found = read_json(path)
    parts = found.get("parts", {}).items()
    return found | {"parts": {name: rows for name, rows in parts if rows["version"] == version}}


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def wheel_meta(wheel: Path) -> dict[str, Any]:
    """Return the meta.json of the pipeline in a wheel."""
    name = f"{wheel.name.partition('-')[0]}/meta.json"
    with ZipFile(wheel) as archive:
        meta: dict[str, Any] = json.loads(archive.read(name))
    return meta


def model_card(
    meta: dict[str, Any], facts: dict[str, Any], metrics: dict[str, Any], ablation: dict[str, Any]
) -> str:
    """Return the model card in Markdown."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("model_card.md.jinja")
    package = f"{meta['lang']}_{meta['name']}"
    text = template.render(
        meta=meta,
        facts=facts,
        metrics=metrics,
        slices={gold: list(slice_rows(measured)) for gold, measured in metrics.items()},
        ablation=ablation,
        columns=COLUMNS,
        package=package,
    )
    return text + "\n"


def slice_rows(measured: dict[str, Any]) -> Iterator[tuple[str, int | None, dict[str, Any]]]:
    """Yield name, number of articles and strict scores of every slice but whole gold sets.

    Surfaces that were in training, and others, come first: they have no number of articles. A
    dimension that says what another one says is left out.
    """
    for name, scores in (measured["seen"] or {}).items():
        yield f"{name} surfaces", None, scores
    shown: list[Any] = []
    for dimension, named in measured["slices"].items():
        if len(named) > 1 and named not in shown:
            shown.append(named)
            for name, part in named.items():
                yield f"{dimension}: {name}", part["articles"], part["strict"]


if __name__ == "__main__":
    run(main)
