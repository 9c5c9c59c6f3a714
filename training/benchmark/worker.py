"""Runs one system in its own environment: `python worker.py --help`.

Standard library only, for it is started by the Python of another environment. An adapter is a
module in `adapters/` with a function `load(argument)` that returns a function from texts and a
batch size to the spans of each text: (start, end, label), characters, end exclusive.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import resource
import sys
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, cast

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
"""What libraries take their number of threads from; several processes share the cores."""

WARM_UP = 3
"""Texts that are read before the clock starts."""


def main() -> None:
    """Read the texts, and write figures and spans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapter")
    parser.add_argument("texts", type=Path, help="JSON list of strings")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument("--argument", default="", help="what the adapter loads")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    texts = json.loads(options.texts.read_text(encoding="utf-8"))
    parts = run(options.adapter, options.argument, texts, options.batch, options.processes)
    row = {
        "load_seconds": max(part["loaded"] for part in parts),
        "seconds": max(part["end"] for part in parts) - min(part["start"] for part in parts),
        "characters": sum(map(len, texts)),
        "peak_mb": sum(part["peak_mb"] for part in parts),
        "spans": [spans for part in parts for spans in part["spans"]],
    }
    options.output.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")


def run(
    adapter: str, argument: str, texts: list[str], batch: int, processes: int
) -> list[dict[str, Any]]:
    """Read each share of `texts` in a process of its own; all start to read together."""
    if processes > 1:
        threads = max(1, (os.cpu_count() or 1) // processes)
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    size = -(-len(texts) // processes)
    shares = [texts[size * number : size * (number + 1)] for number in range(processes)]
    ends, workers = [], []
    for share in shares:
        receiver, sender = context.Pipe(duplex=False)
        arguments = (sender, barrier, adapter, argument, share, batch)
        workers.append(context.Process(target=_read, args=arguments))
        workers[-1].start()
        sender.close()
        ends.append(receiver)
    found: dict[Any, dict[str, Any]] = {}
    try:
        while waiting := [end for end in ends if end not in found]:
            found |= {end: end.recv() for end in cast(list[Connection], wait(waiting))}
    except EOFError:
        for worker in workers:
            worker.terminate()
        raise SystemExit(f"{adapter}: a process ended without a result") from None
    for worker in workers:
        worker.join()
    return [found[end] for end in ends]


def _read(
    sender: Connection, barrier: Barrier, adapter: str, argument: str, texts: list[str], batch: int
) -> None:
    begun = time.perf_counter()
    read = importlib.import_module(f"adapters.{adapter}").load(argument)
    read(texts[:WARM_UP], batch)
    loaded = time.perf_counter() - begun
    barrier.wait()
    start = time.perf_counter()
    spans = read(texts, batch)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sender.send({"loaded": loaded, "start": start, "end": end, "peak_mb": peak, "spans": spans})


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
