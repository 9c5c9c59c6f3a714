"""What tells a run from others: a digest of all that goes into it."""

import hashlib
from pathlib import Path


def digest(*inputs: object) -> str:
    """Return twelve hex digits; files and folders count by their content, all else by its repr.

    A path where nothing is counts for nothing.
    """
    found = hashlib.sha256()
    for entry in inputs:
        paths = sorted(entry.rglob("*")) if isinstance(entry, Path) and entry.is_dir() else [entry]
        for item in paths:
            if not isinstance(item, Path):
                found.update(repr(item).encode("utf-8", "surrogatepass"))
            elif item.is_file():
                found.update(hashlib.sha256(item.read_bytes()).digest())
    return found.hexdigest()[:12]
