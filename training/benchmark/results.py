"""The results of the benchmark: one JSON file that its parts add to."""

import json
from pathlib import Path
from typing import Any, Final

from zhinvest.files import write_text

RESULT: Final = Path("models/benchmark.json")


def merge(path: Path, results: dict[str, Any]) -> None:
    """Put `results` into the JSON file; what it holds of other parts stays.

    Within a part that is an object, a value of None takes its key away.
    """
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for key, value in results.items():
        held[key] = _joined(held.get(key, {}), value) if isinstance(value, dict) else value
    write_text(path, json.dumps(held, ensure_ascii=False, indent=1) + "\n")


def _joined(held: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**held, **added}.items() if value is not None}
