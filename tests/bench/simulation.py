"""Writing the synthetic bank, against writing as many bare rows."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.demo import simulate
from pipelines.foundation.settings import Settings

CUSTOMERS, MONTHS = 50_000, 24


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:  # noqa: ARG001
    """Compare ``crm simulate`` with one `COPY` of as many rows of random numbers."""
    home = folder / "home"
    figures = stopwatch.measure(simulate=(run, home))
    count = count_rows(home)
    figures |= stopwatch.measure(bare=(write_bare, folder / "bare.csv", count))
    ours, bare = figures["simulate"], figures["bare"]
    yield (
        f"simulate  {CUSTOMERS:,} customers × {MONTHS} months, {count:,} rows: "
        f"{ours.seconds:.0f} s ({ours.seconds / bare.seconds:.1f} × a bare copy), "
        f"{ours.peak_megabytes:.0f} MB"
    )


def run(home: Path) -> None:
    """Simulate the bank into an empty home."""
    shutil.rmtree(home, ignore_errors=True)
    simulate.run(Settings(home=home), customers=CUSTOMERS, months=MONTHS, seed=0)


def write_bare(target: Path, rows: int) -> None:
    """Write as many rows of about as many bytes, with nothing behind them."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"""
            copy (
                select
                    'E' || number as event_number, hash(number) as card_number,
                    timestamp '2025-01-01' + to_seconds(number) as occurred_at,
                    'withdrawal' as event_type, number % 100000 / 100 as amount
                from range({rows}) as numbers (number)
            ) to '{target}' (header)
        """)


def count_rows(home: Path) -> int:
    """Count the rows of all deliveries."""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        (rows,) = connection.execute(f"""
            select sum(file.rows) from (
                select unnest(files) as file
                from read_json('{home}/landing/*/*/manifest.json')
            )
        """).fetchone()
    return rows
