"""Lay the overlays over the base config: `python -m training.configs --help`.

`spacy train` reads one complete file. The complete files are written here and committed; a test
checks that they are current.
"""

from pathlib import Path
from typing import Annotated

import typer
from thinc.api import Config

from training.commands import run
from zhinvest.files import write_text

CONFIGS = Path("configs")


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where a file is not current.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Folder of base.cfg and overlays/.")] = CONFIGS,
) -> None:
    """Write NAME.cfg for every overlays/NAME.cfg."""
    stale = {path: text for path, text in complete(folder).items() if not _is_current(path, text)}
    if check and stale:
        typer.echo(f"not current: {', '.join(map(str, stale))}; run python -m training.configs")
        raise typer.Exit(1)
    for path, text in stale.items():
        write_text(path, text)
        typer.echo(f"wrote {path}")


def complete(folder: Path) -> dict[Path, str]:
    """Return the text of each complete config by its path."""
    base = folder / "base.cfg"
    return {
        folder / overlay.name: overlaid(base, overlay)
        for overlay in sorted((folder / "overlays").glob("*.cfg"))
    }


def overlaid(base: Path, overlay: Path) -> str:
    """Return the config `base` with the settings of `overlay` laid over it.

    A section that the overlay gives with another registered function, or a component with another
    factory, replaces the base's whole. Components that are not in the pipeline are left out.
    """
    config = Config().from_disk(base, interpolate=False)
    above = Config().from_disk(overlay, interpolate=False)
    for name, component in above.get("components", {}).items():
        if "factory" in component:
            config["components"].pop(name, None)
    merged = config.merge(above, remove_extra=False)
    used = merged["nlp"]["pipeline"]
    merged["components"] = {name: merged["components"][name] for name in used}
    head = f"# Written by `python -m training.configs` from base.cfg and overlays/{overlay.name}."
    return f"{head}\n\n{merged.to_str(interpolate=False).strip()}\n"


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    run(main)
