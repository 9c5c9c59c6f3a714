"""Lay out the assets from a folder that holds them already: `python -m training.assets --help`.

`weasel assets`, `weasel run sources` and `weasel run encoders` get the same from public addresses.
"""

import lzma
import shutil
from pathlib import Path
from typing import Annotated, Final
from zipfile import ZIP_DEFLATED, ZipFile

import typer

from training.commands import run

COPIES: Final = {
    "uner/train.iob2": "assets/uner_gsdsimp/train.iob2",
    "uner/dev.iob2": "assets/uner_gsdsimp/dev.iob2",
    "uner/test.iob2": "assets/uner_gsdsimp/test.iob2",
    "uner/pud.iob2": "assets/uner_pud/test.iob2",
    "cluener/train.json": "assets/cluener/train.json",
    "cluener/test.json": "assets/cluener/test.json",
    "places/pcas.json": "assets/places/pcas.json",
    "me5-small-zh-char/model.safetensors": "weights/me5-small-zh-char/model.safetensors",
    "me5-small-zh-char/tokenizer.json": "weights/me5-small-zh-char/tokenizer.json",
    "me5-small-zh/model.safetensors": "weights/me5-small-zh/model.safetensors",
    "me5-small-zh/tokenizer.json": "weights/me5-small-zh/tokenizer.json",
    "texts/web-train.jsonl": "real/train.jsonl",
    "texts/web-dev.jsonl": "real/dev.jsonl",
}
"""Path below assets/ by path below the shared folder."""

MSRA: Final = "assets/msra/dh_msra.txt.xz"
UNLABELLED: Final = "unlabelled/*.jsonl.xz"


def main(
    shared: Annotated[
        Path, typer.Option(help="Folder with assets/, real/, unlabelled/, weights/.")
    ],
    output: Annotated[Path, typer.Option(help="Where project.yml looks for assets.")] = Path(
        "assets"
    ),
) -> None:
    """Copy public sets, texts and the base encoder from a shared folder into assets/."""
    needed = [shared / source for source in (*COPIES.values(), MSRA)]
    if missing := [path for path in needed if not path.is_file()]:
        typer.echo(f"not found: {', '.join(map(str, missing))}", err=True)
        raise typer.Exit(1)
    for target, source in COPIES.items():
        (output / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared / source, output / target)
    with ZipFile(output / "dh_msra.zip", "w", ZIP_DEFLATED) as archive:
        archive.writestr("dh_msra.txt", _unpacked(shared / MSRA))
    for packed in sorted(shared.glob(UNLABELLED)):
        (output / "texts" / packed.stem).write_bytes(_unpacked(packed))
    typer.echo(f"{output}: {len(COPIES) + 1} files, and the unlabelled texts")


def _unpacked(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())


if __name__ == "__main__":
    run(main)
