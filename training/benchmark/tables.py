"""The tables of README.md and models/BENCHMARK.md, from the results of the benchmark."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from training.benchmark.speed import SETTINGS
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO

_NONE: Final = "–"
_QUOTED: Final = (256, 1)
"""Batch and processes of the speed in the summary."""

Results = Mapping[str, Any]


def summary(results: Results) -> Iterator[str]:
    """Yield the table of the README: F1 by gold set, system and label, and speed."""
    columns = (*LABELS, MICRO)
    yield f"| gold set | system | {' | '.join(columns)} | characters a second |"
    yield f"|---|---|{'---|' * (len(columns) + 1)}"
    for gold, systems in results["accuracy"].items():
        for name, row in systems.items():
            cells = [_score(row["strict"].get(column)) for column in columns]
            yield f"| {gold} | {name} | {' | '.join(cells)} | {_quoted_speed(results, name)} |"
    for name, reason in results["not available"].items():
        yield f"| | {name} | cannot be had: {_one_line(reason)} |{' |' * len(columns)}"


def details(results: Results) -> Iterator[str]:
    """Yield speed, memory, load time and size of every system, and growth."""
    machine = results["machine"]
    yield f"{machine['cores']} cores ({machine['processor']}), Python {machine['python']}."
    yield ""
    settings = [f"batch {b}, {p} process{'es' * (p > 1)}" for b, p in SETTINGS]
    yield f"| system | {' | '.join(settings)} | load, s | peak, MB | installed, MB |"
    yield f"|---|{'---|' * (len(settings) + 3)}"
    for name, rows in results["speed"].items():
        cells = [_speed(row) for row in rows]
        load, peak = rows[0]["load_seconds"], max(row["peak_mb"] for row in rows)
        size = results["installed_mb"][name]
        yield f"| {name} | {' | '.join(cells)} | {load} | {peak:,} | {size:,} |"
    yield ""
    yield from _growth(results["growth"])


def _growth(growth: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    sizes = list(dict.fromkeys(row["characters"] for rows in growth.values() for row in rows))
    yield f"| microseconds a character | text | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield f"|---|---|{'---|' * len(sizes)}"
    for name, rows in growth.items():
        for form in dict.fromkeys(row["form"] for row in rows):
            cells = [str(r["microseconds_per_character"]) for r in rows if r["form"] == form]
            yield f"| {name} | {form} | {' | '.join(cells)} |"


def _speed(row: Mapping[str, Any]) -> str:
    ratio = row["ratio"]
    spread = f"{row['slowest']:,}-{row['fastest']:,}"
    times = f"{ratio['median']} ({ratio['least']}-{ratio['most']}) times the first"
    return f"{row['characters_per_second']:,} ({spread}); {times}"


def _quoted_speed(results: Results, name: str) -> str:
    rows = results["speed"].get(name, [])
    found = [r for r in rows if (r["batch"], r["processes"]) == _QUOTED]
    return f"{found[0]['characters_per_second']:,}" if found else _NONE


def _score(score: Mapping[str, float] | None) -> str:
    return f"{score['f']:.3f} ({score['low']:.3f}-{score['high']:.3f})" if score else _NONE


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
