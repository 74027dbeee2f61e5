"""Repaired rows on their way through the door, to join the delivery they came with.

A repaired row counts as known from the moment of its repair, not from its delivery's:
before that, nobody could have used it. The moment is kept in the vault, so that a
warehouse that is built again, and a delivery that is loaded again, tell the same.
"""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.foundation import ledger
from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import DataFile, Manifest, describe_file, in_utc
from pipelines.foundation.ledger import Entry
from pipelines.foundation.private_files import create_private
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.information.ingest import (
    contested,
    files,
    scan,
)
from pipelines.information.ingest import (
    judge_rows as judge,
)
from pipelines.information.ingest import (
    reload as again,
)
from pipelines.information.ingest import (
    repeated_rows as repeats,
)
from pipelines.information.ingest.check import CheckedDelivery
from pipelines.information.ingest.outcomes import recount
from pipelines.information.ingest.pseudonyms import store_pseudonyms
from pipelines.information.quarantine import open_rows, split_row

# No delivery has such a sequence, so rows can be judged apart from their delivery's.
ASIDE = 10_000_000


def restore(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    settings: Settings,
    delivery_ids: list[str],
) -> None:
    """Put the repaired rows of deliveries in their place that were loaded again."""
    if delivery_ids:
        rows = [
            row
            for row in open_rows(connection, settings)
            if row[0] in delivery_ids and row[-1]
        ]
        replay(connection, vault, settings, rows)


def replay(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    settings: Settings,
    rows: list[tuple],
) -> int:
    """Try open rows again, as ``open_rows`` gives them; say how many passed."""
    now, groups = in_utc(datetime.now(UTC)), defaultdict(list)
    for delivery_id, file, line, _, text, repaired_at in rows:
        groups[delivery_id, repaired_at or now].append((file, line, text))
    passed = 0
    for target, group in groups.items():
        # What has been taken out meanwhile is replayed when it is loaded again.
        if target[0] not in again.list_stale(connection):
            passed += _replay(connection, vault, settings, target, group)
        # What was only tried says nothing.
        connection.execute(
            "delete from ops.contested_rows "
            "where said_at = ? and outcome = 'conflict' and said_at = ?",
            [target[1], now],
        )
    return passed


def _replay(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    settings: Settings,
    target: tuple[str, datetime],
    rows: list[tuple[int, int, str]],
) -> int:
    """Replay rows of one delivery that were repaired at one moment."""
    contract = load_contract(target[0].split("/", maxsplit=1)[0])
    # A row that is no row would swallow its neighbours. One with a line end in it
    # stands in a file of its own, so that lines can be counted.
    sound = [row for row in rows if len(split_row(row[2])) == len(contract.names)]
    batches = [[row for row in sound if "\n" not in row[2]]]
    batches = [b for b in batches if b] + [[row] for row in sound if "\n" in row[2]]
    if not batches:
        return 0
    scratch = settings.home / "transcoded"
    files.remove_leftovers(scratch)
    try:
        delivery = _write(connection, contract, target[0], batches, scratch)
        sources = [scan.Source(delivery, n, p) for n, p in enumerate(delivery.paths, 1)]
        entries, passed = _judge(
            connection, vault, sources, target, batches, settings.landing
        )
    finally:
        files.remove_leftovers(scratch)
    ledger.append(settings.ledger, entries)
    return passed


def _write(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    delivery_id: str,
    batches: list[list[tuple[int, int, str]]],
    scratch: Path,
) -> CheckedDelivery:
    paths, described = [], []
    for number, batch in enumerate(batches, 1):
        path = scratch / f"{number}.csv"
        with io.TextIOWrapper(create_private(path), "utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(contract.names)
            writer.writerows(split_row(text) for _, _, text in batch)
        paths.append(path)
        described.append(describe_file(path, rows=len(batch)))
    manifest = _manifest(connection, delivery_id, tuple(described))
    headers = (tuple(contract.names),) * len(paths)
    return CheckedDelivery(manifest, contract, tuple(paths), headers)


def _manifest(
    connection: duckdb.DuckDBPyConnection,
    delivery_id: str,
    described: tuple[DataFile, ...],
) -> Manifest:
    source, business_date, sequence, extracted_at = connection.execute(
        """
        select source, business_date, sequence, extracted_at from ops.deliveries
        where delivery_id = ? and status != 'refused'
        """,
        [delivery_id],
    ).fetchone()
    return Manifest(
        source=source,
        business_date=business_date,
        sequence=ASIDE + sequence,
        extracted_at=extracted_at.replace(tzinfo=UTC),
        files=described,
    )


def _judge(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    sources: list[scan.Source],
    target: tuple[str, datetime],
    batches: list[list[tuple[int, int, str]]],
    landing: Path,
) -> tuple[list[Entry], int]:
    delivery_id, repaired_at = target
    delivery = sources[0].delivery
    contract, manifest = delivery.contract, delivery.manifest
    connection.execute(judge.TABLES)
    may_be_rounded = store_pseudonyms(connection, vault, sources)
    connection.begin()
    try:
        sources = [scan.insert_rows(connection, source)[0] for source in sources]
        if may_be_rounded:
            scan.find_rounded(connection, sources)
        facts = judge.measure(connection, contract, manifest)
        _, stale = judge.find_faulty(
            connection,
            sources,
            facts,
            landing=landing,
            beside=delivery_id,
            repaired_at=repaired_at,
        )
        passed = _settle(connection, delivery_id, batches)
        repeats.take_out(connection, contract.source)
        connection.execute(
            f"update raw.{contract.source} set delivery_id = ?, known_at = ? "
            "where delivery_id = ?",
            [delivery_id, repaired_at, manifest.delivery_id],
        )
        contested.delay(connection, contract.source)
        entries = [recount(connection, delivery_id)] if passed else []
        again.take_out(connection, stale)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    _remember(connection, delivery_id, repaired_at, passed)
    return entries, len(passed)


def _settle(
    connection: duckdb.DuckDBPyConnection,
    delivery_id: str,
    batches: list[list[tuple[int, int, str]]],
) -> list[tuple[int, int, str]]:
    """Say in quarantine which rows passed, and why the others still have not."""
    reasons = defaultdict(list)
    for number, line, column, reason in connection.execute(
        "select distinct file_number, line_number, column_name, reason from faults"
    ).fetchall():
        batch = batches[number - 1]
        reasons[batch[0 if len(batch) == 1 else line - 2]].append((column, reason))
    passed = []
    for row in (row for batch in batches for row in batch):
        place = [delivery_id, *row[:2]]
        where = "(delivery_id, file_number, line_number, state) = (?, ?, ?, 'open')"
        if row not in reasons:
            connection.execute(
                f"update ops.quarantine set state = 'repaired' where {where}", place
            )
            passed.append(row)
            continue
        connection.execute(f"delete from ops.quarantine where {where}", place)
        connection.executemany(
            "insert into ops.quarantine values (?, ?, ?, ?, ?, 'open')",
            [(*place, column, reason) for column, reason in reasons[row]],
        )
    return passed


def _remember(
    connection: duckdb.DuckDBPyConnection,
    delivery_id: str,
    repaired_at: datetime,
    passed: list[tuple[int, int, str]],
) -> None:
    """Keep when rows passed that nobody had to mend, because the contract changed."""
    for row in passed:
        connection.execute(
            """
            insert into vault.repaired_rows
            select $1, $2, $3, $4, $5
            where ($1, $2, $3) not in (
                select (delivery_id, file_number, line_number) from vault.repaired_rows
            )
            """,
            [delivery_id, *row, repaired_at],
        )
