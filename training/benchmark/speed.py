"""Speed, memory and growth: whole processes that take turns, medians of several rounds.

A speed is in characters a second, end to end from text to entities, the loading of the model and
a few texts to warm up not counted. One process uses the threads that its libraries choose; two
processes share the cores.
"""

from collections.abc import Sequence
from itertools import cycle
from statistics import median
from typing import Any, Final

from tqdm import tqdm

from training.benchmark.systems import Environments, Run, System

SETTINGS: Final = ((1, 1), (1, 2), (256, 1), (256, 2))
"""Size of a batch and number of processes."""

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
"""Characters of text in the growth series."""

Row = dict[str, Any]


def measure_speed(
    systems: Sequence[System], environments: Environments, texts: Sequence[str], rounds: int
) -> dict[str, list[Row]]:
    """Return a row for each setting of each system, by name; the first is what ratios refer to.

    Systems take turns within a round, so that what disturbs the machine for a while disturbs all.
    """
    runs: dict[tuple[str, int, int], list[Run]] = {}
    turns = [(s, *setting) for _ in range(rounds) for setting in SETTINGS for s in systems]
    for system, batch, processes in tqdm(turns, desc="speed", unit="run"):
        run = environments.run(system, texts, batch=batch, processes=processes)
        runs.setdefault((system.name, batch, processes), []).append(run)
    first = systems[0].name
    return {
        system.name: [
            _row(
                batch, processes, runs[system.name, batch, processes], runs[first, batch, processes]
            )
            for batch, processes in SETTINGS
        ]
        for system in systems
    }


def measure_growth(
    system: System, environments: Environments, texts: Sequence[str], rounds: int
) -> list[Row]:
    """Return the time for each size of text, in one document and in many of the size of `texts`."""
    rows = []
    for size in tqdm(SIZES, desc=f"growth of {system.name}", unit="size"):
        many = take(texts, size)
        for form, given in (("one document", ["".join(many)]), ("many documents", many)):
            runs = [environments.run(system, given, batch=256) for _ in range(rounds)]
            seconds = median(run.seconds for run in runs)
            rows.append(
                {
                    "form": form,
                    "characters": size,
                    "seconds": round(seconds, 4),
                    "microseconds_per_character": round(1e6 * seconds / size, 2),
                    "peak_mb": round(median(run.peak_mb for run in runs)),
                }
            )
    return rows


def take(texts: Sequence[str], characters: int) -> list[str]:
    """Return texts, repeated where they do not suffice, with so many characters in all."""
    taken: list[str] = []
    missing = characters
    for text in cycle(texts):
        taken.append(text[:missing])
        missing -= len(taken[-1])
        if missing <= 0:
            return taken
    raise ValueError("no text to take from")


def _row(batch: int, processes: int, runs: Sequence[Run], reference: Sequence[Run]) -> Row:
    speeds = [run.speed for run in runs]
    return {
        "batch": batch,
        "processes": processes,
        "characters_per_second": round(median(speeds)),
        "slowest": round(min(speeds)),
        "fastest": round(max(speeds)),
        "ratio": _ratio(runs, reference),
        "peak_mb": round(median(run.peak_mb for run in runs)),
        "load_seconds": round(median(run.load_seconds for run in runs), 2),
    }


def _ratio(runs: Sequence[Run], reference: Sequence[Run]) -> Row:
    """Return how much faster than the reference, round by round: median, least and most."""
    found = [run.speed / other.speed for run, other in zip(runs, reference, strict=True)]
    return {
        "median": round(median(found), 2),
        "least": round(min(found), 2),
        "most": round(max(found), 2),
    }
