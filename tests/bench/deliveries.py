"""Loading many small deliveries the whole way, against one bare insert for each."""

import json
import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from unittest import mock

import duckdb
import ingestion

from pipelines.foundation import ledger
from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file

DELIVERIES, CARDS = 2_000, 20_000
# The second day: its numbers begin with a 1, the third's with a 2, and so on.
FIRST = ingestion.HISTORY[0] + timedelta(days=1)
HUNDRED = 100


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare a delivery's cost with a bare insert's, and the last with the first."""
    landing = folder / "landing"
    write_days(landing, rows // DELIVERIES)
    figures = stopwatch.measure(
        baselines=("bare",),
        bare=(load_bare, folder / "bare", landing),
        ingest=(load_each, folder / "home", landing),
    )
    bare, ours = (
        json.loads((folder / name / "seconds.json").read_text())
        for name in ("bare", "home")
    )
    first, last = (
        statistics.median(part) for part in (ours[:HUNDRED], ours[-HUNDRED:])
    )
    median = statistics.median(ours)
    yield (
        f"deliveries {DELIVERIES:,} of {rows // DELIVERIES:,} rows: {median:.3f} s of "
        f"processor time each ({median / statistics.median(bare):.2f} × a bare "
        f"insert); first hundred {first:.3f} s, last hundred {last:.3f} s "
        f"({last / first:.2f} ×); {figures['ingest'].peak_megabytes:.0f} MB"
    )


def write_days(landing: Path, rows: int) -> None:
    """Write one day of each channel, and the same with other dates and numbers."""
    ingestion.write_deliveries(
        landing, rows * len(ingestion.CHANNELS), FIRST, FIRST, cards=CARDS
    )
    for folder in list(landing.glob(f"*/{FIRST}")):
        (path,) = folder.glob("*.csv")
        text, manifest = path.read_text(), json.loads((folder / MANIFEST).read_text())
        letter = text.splitlines()[1][0]
        for number in range(1, DELIVERIES // len(ingestion.CHANNELS)):
            day = FIRST + timedelta(days=number)
            _write_day(
                folder.with_name(f"{day}"),
                text.replace(f"{FIRST}", f"{day}").replace(
                    f"\n{letter}1", f"\n{letter}{1 + number}"
                ),
                manifest,
                day,
            )


def _write_day(folder: Path, text: str, manifest: dict, day: date) -> None:
    folder.mkdir()
    path = folder / "rows.csv"
    path.write_text(text)
    (file,) = manifest["files"]
    manifest |= {
        "business_date": f"{day}",
        "extracted_at": f"{day + timedelta(days=1)}T01:10:00Z",
        "files": [describe_file(path, rows=file["rows"]).model_dump()],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def load_each(home: Path, landing: Path) -> None:
    """Ingest into an empty home, and note when each delivery was on the ledger.

    Those that come together cost the same each.
    """
    append, seconds, before = ledger.append, [], time.process_time()

    def append_and_note(path: Path, entries: list[ledger.Entry]) -> None:
        nonlocal before
        append(path, entries)
        now = time.process_time()
        seconds.extend((now - before) / len(entries) for _ in entries)
        before = now

    with mock.patch.object(ledger, "append", append_and_note):
        ingestion.load_whole(home, landing)
    _keep(home, seconds)


def load_bare(folder: Path, landing: Path) -> None:
    """Insert the same files, typed, with nothing checked, each in its transaction."""
    folder.mkdir(exist_ok=True)
    database = folder / "bare.duckdb"
    database.unlink(missing_ok=True)
    moments = []
    with duckdb.connect(database, config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        for source in ingestion.CHANNELS:
            columns = load_contract(source).columns
            types = ", ".join(f"{column.name} {column.data_type}" for column in columns)
            connection.execute(f"create table {source} ({types})")
        for path in sorted(
            landing.glob("*/*/*.csv"), key=lambda path: path.parent.name
        ):
            source = path.parents[1].name
            types = {c.name: c.data_type for c in load_contract(source).columns}
            connection.execute(
                f"""
                insert into {source}
                select * from read_csv('{path}', columns = {types}, header = true)
                """
            )
            moments.append(time.process_time())
    _keep(folder, [then - now for now, then in pairwise(moments)])


def _keep(folder: Path, seconds: list[float]) -> None:
    (folder / "seconds.json").write_text(json.dumps(seconds))
