"""Deliveries that have to be judged again, for what they repeat no longer stands.

Which of two deliveries keeps a row that both say may not depend on which came in first.
So one that came in before its turn, or repeats what has been taken back since, is taken
out and loaded again from its files, in the order in which they were written out.
"""

from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST
from pipelines.information.ingest.check import CheckedDelivery
from pipelines.information.ingest.related import (
    STALE,
    Noted,
    find_copies,
    find_first_of_date,
    is_noted,
)


def find_folder(landing: Path, delivery_id: str) -> Path | None:
    """Find the folder of a delivery, None where it is no longer in landing."""
    source, name = delivery_id.split("/", maxsplit=1)
    names = [name, name.removesuffix(".1")]
    folders = (landing / source / name for name in names)
    return next((f for f in folders if (f / MANIFEST).is_file()), None)


def take_out(connection: duckdb.DuckDBPyConnection, delivery_ids: list[str]) -> None:
    """Take deliveries' rows out, and note that the next ingestion has to load them."""
    for delivery_id in delivery_ids:
        source = delivery_id.split("/", maxsplit=1)[0]
        for table in (f"raw.{source}", "ops.quarantine"):
            connection.execute(
                f"delete from {table} where delivery_id = ?", [delivery_id]
            )
        connection.execute(
            "update ops.deliveries set status = ? "
            "where delivery_id = ? and status != 'refused'",
            [STALE, delivery_id],
        )


def list_stale(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List what has been taken out, in the order in which it was written out."""
    rows = connection.execute(
        "select delivery_id from ops.deliveries where status = ? "
        "order by extracted_at, delivery_id",
        [STALE],
    ).fetchall()
    return [delivery_id for (delivery_id,) in rows]


def find_stale(
    connection: duckdb.DuckDBPyConnection,
    delivery: CheckedDelivery,
    related: list[Noted],
) -> list[str]:
    """Find what has to be judged again because of a delivery that was just loaded.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse.
    delivery : CheckedDelivery
        What was loaded.
    related : list of Noted
        What was noted before, by ``list_related``.
    """
    manifest, landing = delivery.manifest, delivery.landing
    copies = find_copies(manifest, related)
    stale = [name for name in copies if find_folder(landing, name)]
    since = find_first_of_date(manifest, related)
    if is_noted(manifest, related, STALE):
        # It may have lost a row that others left out.
        own = (manifest.known_at, manifest.delivery_id)
        stale += find_repeating(connection, landing, manifest.source, own)
    elif since:
        stale += find_repeating(connection, landing, manifest.source, (since, ""))
    return [other for other in stale if other != manifest.delivery_id]


def find_repeating(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    source: str,
    since: tuple[datetime, str],
) -> list[str]:
    """Find what was written out since then and left out rows for others' sake.

    Whole files that were sent again count as well. Those that are no longer in landing
    do not: nothing could be loaded in their place.
    """
    rows = connection.execute(
        """
        select delivery_id from ops.deliveries
        where source = ? and status in ('loaded', 'accepted', 'duplicate')
            and (extracted_at, delivery_id) > (?::timestamp, ?)
            and (
                rows_duplicate > 0
                or delivery_id in (
                    select delivery_id from ops.quarantine
                    where reason = 'key_conflict' and state = 'open'
                )
            )
        """,
        [source, *since],
    ).fetchall()
    return [name for (name,) in rows if find_folder(landing, name)]


def find_sharing(
    connection: duckdb.DuckDBPyConnection, landing: Path, delivery_id: str
) -> list[str]:
    """Find the deliveries of other dates that say a row of this one, or of its key."""
    contract = load_contract(delivery_id.split("/", maxsplit=1)[0])
    table, keys = f"raw.{contract.source}", ", ".join(contract.keys)
    rows = connection.execute(
        f"""
        select distinct delivery_id from {table}
        where hash({keys}) in (
            select hash({keys}) from {table} where delivery_id = $delivery_id
        )
        and delivery_id in (
            select delivery_id from ops.deliveries
            where status in ('loaded', 'accepted') and business_date != (
                select business_date from ops.deliveries
                where delivery_id = $delivery_id and status != 'refused'
            )
        )
        """,
        {"delivery_id": delivery_id},
    ).fetchall()
    return [name for (name,) in rows if find_folder(landing, name)]


def apply_decisions(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    """Let what people decided of a delivery hold for it when it is loaded again."""
    connection.execute(
        """
        update ops.deliveries set status = 'accepted', note = decided.note
        from (
            select
                'Accepted by hand: ' || arg_max(reason, decided_at) as note,
                arg_max(decision, decided_at) as decision
            from ops.decisions
            where target = $delivery_id and decision in ('accept', 'withdraw')
        ) as decided
        where delivery_id = $delivery_id and status = 'loaded'
            and decided.decision = 'accept'
        """,
        {"delivery_id": delivery_id},
    )
    connection.execute(
        """
        update ops.quarantine set state = 'waived'
        where delivery_id = $delivery_id and reason != 'key_conflict' and exists (
            from ops.decisions where target = $delivery_id and decision = 'waive'
        )
        """,
        {"delivery_id": delivery_id},
    )
