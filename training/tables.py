r"""The tables of `training/data`: a row a line, cells parted by tabs, `\n` for a line break."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "data"


@cache
def read_table(name: str) -> dict[str, Sequence[tuple[str, ...]]]:
    """Return the rows of a table by their first cell, each without that cell, in file order."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        key, *cells = line.replace("\\n", "\n").split("\t")
        rows.setdefault(key, []).append(tuple(cells))
    return dict(rows)
