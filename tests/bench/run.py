"""How fast, and in how much memory, against a bare baseline in the same run?

Each measurement is a process of its own, so that its memory is its own. Subject and
baseline take turns, and medians are compared: a ratio holds on any machine, seconds
only on this one.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import building
import deliveries
import ingestion
import mining
import scoring
import simulation

BENCHES = {
    "simulate": simulation.compare,
    "ingest": ingestion.compare,
    "deliveries": deliveries.compare,
    "build": building.compare,
    "mine": mining.compare,
    "score": scoring.compare,
}
MEMORY = "DUCKDB_JE_MALLOC_CONF"  # see pipelines/__init__.py
# So many that half a second for opening two databases is not what is measured.
ROWS = {"ingest": 4_000_000}
# Has its medians within a run.
REPEATS = {"deliveries": 1}


@dataclass(frozen=True)
class Measurement:
    """Medians of several runs; processor time without that of children."""

    seconds: float
    peak_megabytes: float
    processor_seconds: float


class Stopwatch:
    """Measures functions, each in a fresh process.

    Parameters
    ----------
    repeats : int
        Runs per function; the median counts.
    """

    def __init__(self, repeats: int):
        self.repeats = repeats

    def measure(
        self, *, baselines: tuple[str, ...] = (), **subjects: tuple[Callable, ...]
    ) -> dict[str, Measurement]:
        """Measure each subject, a function and its arguments, in turns.

        ``baselines`` get memory as DuckDB gets it elsewhere, not blanked.
        """
        runs = {name: [] for name in subjects}
        for _ in range(self.repeats):
            for name, (function, *arguments) in subjects.items():
                os.environ.pop(MEMORY, None)
                if name in baselines:
                    os.environ[MEMORY] = "zero:false"
                runs[name].append(_run(function, arguments))
        return {
            name: Measurement(*map(statistics.median, zip(*figures, strict=True)))
            for name, figures in runs.items()
        }


def _run(function: Callable, arguments: list) -> tuple[float, float, float]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(sender, function, arguments))
    process.start()
    sender.close()
    figures = receiver.recv()
    process.join()
    return figures


def _report(sender, function: Callable, arguments: list) -> None:
    began, worked = time.perf_counter(), time.process_time()
    own = function(*arguments)
    # Who has to prepare first returns the seconds that count.
    seconds = time.perf_counter() - began if own is None else own
    # dbt runs in a child.
    kilobytes = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    sender.send((seconds, kilobytes / 1024, time.process_time() - worked))


def main() -> None:
    """Run the benches asked for, and print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", nargs="*", default=list(BENCHES), choices=BENCHES)
    parser.add_argument("--rows", type=int, help="rows to ingest, events to build from")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name in options.bench:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            stopwatch = Stopwatch(REPEATS.get(name, options.repeats))
            rows = options.rows or ROWS.get(name, 2_000_000)
            for line in BENCHES[name](stopwatch, Path(folder), rows):
                print(line, flush=True)


if __name__ == "__main__":
    main()
