"""Deliveries that have to be judged again, for what they repeat no longer stands.

Which of two deliveries keeps a row that both say may not depend on which came in first.
So one that came in before its turn, or repeats what has been taken back since, is taken
out and loaded again from its files, in the order in which they were written out.
"""

from pathlib import Path

import duckdb

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST
from pipelines.information.ingest.related import STALE

# What it says of each key, so that others are judged as if it were still there.
REMEMBER = """
create or replace temp table remembered as
select
    said.delivery_id, said.key_hash, row_hash,
    coalesce(delayed.said_at, said.known_at) as said_at
from (
    select delivery_id, hash({keys}) as key_hash, row_hash, known_at from raw.{source}
    where delivery_id = $delivery_id
) as said
left join (
    select delivery_id, key_hash, said_at from ops.contested_rows
    where outcome = 'delayed'
) as delayed using (delivery_id, key_hash)
"""


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
        connection.execute(
            REMEMBER.format(keys=", ".join(load_contract(source).keys), source=source),
            {"delivery_id": delivery_id},
        )
        connection.execute(
            "delete from ops.contested_rows "
            "where delivery_id = ? and outcome = 'delayed'",
            [delivery_id],
        )
        connection.execute(
            "update ops.contested_rows set outcome = ? where delivery_id = ?",
            [STALE, delivery_id],
        )
        connection.execute(
            "insert into ops.contested_rows select *, ? from remembered", [STALE]
        )
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


def list_copies(
    connection: duckdb.DuckDBPyConnection, landing: Path, delivery_id: str
) -> list[str]:
    """List what may be, or no longer be, a repetition of a whole delivery."""
    rows = connection.execute(
        """
        select copies.delivery_id
        from ops.deliveries as own
        inner join ops.deliveries as copies using (source, content_sha256)
        where own.delivery_id = ? and own.status != 'refused'
            and copies.business_date != own.business_date and copies.sequence = 1
            and copies.rows_delivered > 0
            and copies.status in ('loaded', 'accepted', 'held', 'duplicate')
            and (copies.extracted_at, copies.delivery_id)
                > (own.extracted_at, own.delivery_id)
        """,
        [delivery_id],
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
