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

import jinja2
import srsly
import typer

from training.commands import run
from zhinvest import __version__
from zhinvest.files import write_text
from zhinvest.labels import LABELS

RELEASES: Final = Path(__file__).parent / "releases"
TEMPLATES: Final = Path(__file__).parent / "templates"
LICENCE_ADDRESS: Final = "https://creativecommons.org/licenses/by-sa/4.0/legalcode"
_LABEL_KEYS: Final = ("p", "r", "f", "support")


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of the trained pipeline.")],
    release: Annotated[str, typer.Option(help="Name of the file in training/releases: sm, trf.")],
    metrics: Annotated[
        list[str], typer.Option(help="NAME=FILE: scores of `zhinvest evaluate --json` by gold set.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the released pipelines.")] = Path(
        "models"
    ),
) -> None:
    """Build the wheel, metrics.json and README.md of a released pipeline."""
    scores = {name: _read_json(Path(path)) for name, _, path in (m.partition("=") for m in metrics)}
    facts: dict[str, Any] = srsly.read_yaml(RELEASES / f"{release}.yml")
    meta = complete_meta(_read_json(pipeline / "meta.json"), facts, scores)
    folder = output / f"{meta['lang']}_{meta['name']}"
    with tempfile.TemporaryDirectory() as work:
        wheel = build_wheel(pipeline, meta, Path(work))
        for old in folder.glob("*.whl"):
            old.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(wheel, folder / wheel.name)
    write_text(folder / "metrics.json", json.dumps(scores, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "README.md", model_card(meta, facts, scores))
    size = (folder / wheel.name).stat().st_size / 1e6
    typer.echo(f"{folder / wheel.name}: {size:.1f} MB")


def complete_meta(
    meta: dict[str, Any], facts: dict[str, Any], scores: dict[str, Any]
) -> dict[str, Any]:
    """Return spaCy's meta.json with the release's facts and its scores on the first gold set."""
    measured = next(iter(scores.values()))
    micro = measured["micro"]
    labels = {k: {key: v[key] for key in _LABEL_KEYS} for k, v in measured.items() if k in LABELS}
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


def model_card(meta: dict[str, Any], facts: dict[str, Any], scores: dict[str, Any]) -> str:
    """Return the model card in Markdown."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("model_card.md.jinja")
    package = f"{meta['lang']}_{meta['name']}"
    return template.render(meta=meta, facts=facts, scores=scores, package=package) + "\n"


def _next_minor(version: str) -> str:
    major, minor, *_ = version.split(".")
    return f"{major}.{int(minor) + 1}"


def _read_json(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


if __name__ == "__main__":
    run(main)
