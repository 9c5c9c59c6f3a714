"""A trained pipeline to an installable wheel with metrics and model card.

`python -m training.package --help`
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from training.commands import run
from training.model_card import (
    CARD,
    METRICS,
    ModelsOption,
    ReleaseOption,
    card_of,
    read_json,
    read_release,
)
from zhinvest import __version__
from zhinvest.files import write_text
from zhinvest.labels import LABELS

LICENCE_ADDRESS: Final = "https://creativecommons.org/licenses/by-sa/4.0/legalcode"
_LABEL_KEYS: Final = ("p", "r", "f", "support")


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of the trained pipeline.")],
    release: ReleaseOption,
    metrics: Annotated[
        list[str],
        typer.Option(help="NAME=FILE: metrics.json of `zhinvest evaluate --report` by gold set."),
    ],
    output: ModelsOption = Path("models"),
) -> None:
    """Build the wheel, metrics.json and README.md of a released pipeline."""
    given = (entry.partition("=") for entry in metrics)
    measured = {name: read_json(Path(file)) for name, _, file in given}
    facts = read_release(release)
    meta = complete_meta(read_json(pipeline / "meta.json"), facts, measured)
    folder = output / f"{meta['lang']}_{meta['name']}"
    with tempfile.TemporaryDirectory() as work:
        wheel = build_wheel(pipeline, meta, Path(work))
        card = card_of(wheel, facts, measured, output)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        shutil.move(wheel, folder / wheel.name)
    write_text(folder / METRICS, json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / CARD, card)
    size = (folder / wheel.name).stat().st_size / 1e6
    typer.echo(f"{folder / wheel.name}: {size:.1f} MB")


def complete_meta(
    meta: dict[str, Any], facts: dict[str, Any], measured: dict[str, Any]
) -> dict[str, Any]:
    """Return spaCy's meta.json with the release's facts and its scores on the first gold set."""
    scores = next(iter(measured.values()))["strict"]
    micro = scores["micro"]
    labels = {k: {key: v[key] for key in _LABEL_KEYS} for k, v in scores.items() if k in LABELS}
    performance = {"ents_p": micro["p"], "ents_r": micro["r"], "ents_f": micro["f"]}
    keys = ("name", "version", "description", "author", "url", "license", "sources")
    return (
        meta
        | {key: facts[key] for key in keys}
        | {
            "requirements": [f"{facts['library']}>={__version__},<{_next_minor(__version__)}"],
            "performance": performance | {"ents_per_type": labels},
        }
    )


def build_wheel(pipeline: Path, meta: dict[str, Any], work: Path) -> Path:
    """Build the wheel of `pipeline` with `meta` in the folder `work`; return its path.

    Raises:
        subprocess.CalledProcessError: `spacy package` failed; its output has been shown.
    """
    source = work / "pipeline"
    shutil.copytree(pipeline, source)
    (source / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
    (source / "LICENSE").write_text(licence(meta), encoding="utf-8")
    command = ["spacy", "package", str(source), str(work), "--build", "wheel", "--force"]
    subprocess.run([sys.executable, "-m", *command], check=True)
    return next(work.glob("*/dist/*.whl"))


def licence(meta: dict[str, Any]) -> str:
    """Return the text of the licence file: the pipeline's licence and those of its sources."""
    sources = [
        f"- {s['name']} ({s['author']}): {s['license']}, {s['url']}" for s in meta["sources"]
    ]
    head = f"{meta['lang']}_{meta['name']} {meta['version']} is licensed under {meta['license']}"
    return "\n".join([f"{head}:", LICENCE_ADDRESS, "", "It was made from:", *sources, ""])


def _next_minor(version: str) -> str:
    major, minor, *_ = version.split(".")
    return f"{major}.{int(minor) + 1}"


if __name__ == "__main__":
    run(main)
