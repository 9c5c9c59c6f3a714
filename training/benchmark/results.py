"""The results of the benchmark: one JSON file that its parts add to."""

import json
from pathlib import Path
from typing import Any, Final

from zhinvest.files import write_text

RESULT: Final = Path("models/benchmark.json")


def merge(path: Path, results: dict[str, Any], depth: int = 1) -> None:
    """Put `results` into the JSON file; what it holds of other parts stays.

    Objects are joined key by key down to `depth` levels below the top; further down the new one
    takes the place of the old. A value of None takes its key away.
    """
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    joined = _joined(held, results, depth)
    write_text(path, json.dumps(joined, ensure_ascii=False, indent=1) + "\n")


def _joined(held: dict[str, Any], added: dict[str, Any], depth: int) -> dict[str, Any]:
    result = dict(held)
    for key, value in added.items():
        if value is None:
            result.pop(key, None)
        elif depth and isinstance(value, dict):
            result[key] = _joined(held.get(key, {}), value, depth - 1)
        else:
            result[key] = value
    return result
