"""What is noted in ``ops.deliveries``, beside the rows and in their transaction."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.foundation.deliveries import Manifest, in_utc
from pipelines.foundation.ledger import Entry
from pipelines.information.ingest.check import Refusal
from pipelines.information.ingest.related import STALE, Noted, is_noted

_RECORD = """
insert into ops.deliveries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def mark_duplicate(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    earlier: str,
    related: list[Noted],
) -> Entry:
    """Note that a delivery says again what an earlier one said; load none of it."""
    entry = Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=0,
        rows_duplicate=manifest.rows,
        rows_quarantined=0,
        rows_hash="0",
        content_sha256=manifest.content,
    )
    note = f"Same content as {earlier}"
    record(connection, manifest, entry, related, status="duplicate", note=note)
    return entry


def mark_refused(
    connection: duckdb.DuckDBPyConnection, folder: Path, refusal: Refusal
) -> None:
    """Note that a delivery was refused, beside what was loaded under its name."""
    _forget(connection, refusal.delivery_id, "refused")
    connection.execute(
        """
        insert into ops.deliveries by name
        select
            $delivery_id as delivery_id, $source as source,
            try_cast(left($folder, 10) as date) as business_date,
            'refused' as status, $note as note, $now as loaded_at
        """,
        {
            "delivery_id": refusal.delivery_id,
            "source": refusal.delivery_id.split("/", maxsplit=1)[0],
            "folder": folder.name,
            "note": str(refusal),
            "now": in_utc(datetime.now(UTC)),
        },
    )


def record(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    entry: Entry,
    related: list[Noted],
    *,
    status: str,
    note: str | None,
) -> None:
    """Note a delivery and its counts, in place of what ``related`` has of it."""
    if is_noted(manifest, related, "refused", STALE):
        _forget(connection, manifest.delivery_id, "refused", STALE)
    connection.execute(_RECORD, _list_values(manifest, entry, status, note))


def record_clean(
    connection: duckdb.DuckDBPyConnection, loaded: list[tuple[Manifest, Entry]]
) -> None:
    """Note deliveries of which nothing was noted and every row was loaded."""
    connection.executemany(
        _RECORD,
        [_list_values(manifest, entry, "loaded", None) for manifest, entry in loaded],
    )


def _list_values(
    manifest: Manifest, entry: Entry, status: str, note: str | None
) -> list:
    return [
        manifest.delivery_id,
        manifest.source,
        manifest.business_date,
        manifest.sequence,
        manifest.known_at,
        status,
        note,
        manifest.rows,
        entry.rows_loaded,
        entry.rows_duplicate,
        entry.rows_quarantined,
        entry.rows_hash,
        entry.content_sha256,
        in_utc(datetime.now(UTC)),
    ]


def _forget(
    connection: duckdb.DuckDBPyConnection, delivery_id: str, *statuses: str
) -> None:
    connection.execute(
        "delete from ops.deliveries where delivery_id = ? and list_contains(?, status)",
        [delivery_id, list(statuses)],
    )


def count_rows(
    connection: duckdb.DuckDBPyConnection, delivery_id: str
) -> tuple[int, str]:
    """Count a delivery's rows in ``raw``, and add up their hashes."""
    source = delivery_id.split("/", maxsplit=1)[0]
    return connection.execute(
        f"""
        select count(*), cast(coalesce(sum(row_hash), 0) as varchar)
        from raw.{source} where delivery_id = ?
        """,
        [delivery_id],
    ).fetchone()


def recount(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> Entry:
    """Bring a delivery's counts up to date after rows of it were moved.

    What is neither in ``raw`` nor in quarantine is a duplicate: rows are only ever
    moved between the three.
    """
    loaded, rows_hash = count_rows(connection, delivery_id)
    (quarantined,) = connection.execute(
        """
        select count(distinct (file_number, line_number)) from ops.quarantine
        where delivery_id = ? and state != 'repaired'
        """,
        [delivery_id],
    ).fetchone()
    duplicate, content = connection.execute(
        """
        update ops.deliveries set
            rows_loaded = $loaded, rows_quarantined = $quarantined,
            rows_duplicate = rows_delivered - $loaded - $quarantined,
            rows_hash = $rows_hash
        where delivery_id = $delivery_id and status != 'refused'
        returning rows_duplicate, content_sha256
        """,
        {
            "loaded": loaded,
            "quarantined": quarantined,
            "rows_hash": rows_hash,
            "delivery_id": delivery_id,
        },
    ).fetchone()
    return Entry(delivery_id, loaded, duplicate, quarantined, rows_hash, content)
