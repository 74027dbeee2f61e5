"""Which rows say again, or contradict, what another row of the delivery said."""

import duckdb

from pipelines.contracts import Contract
from pipelines.deliveries import Manifest


def find_conflicts(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """List in ``repeated`` the rows that were said before, in ``faults`` what clashes.

    Of rows that are equal to the letter, the first counts. Rows that share a key and
    differ are all at fault, for nobody can say which is right.
    """
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    # Almost always there are none, and a hash is much cheaper to group by than the key.
    suspects = connection.execute(
        f"""
        select hash({keys}) as key_hash from {table}
        where delivery_id = ? and known_at = ?
        group by key_hash having count(*) > 1
        """,
        [manifest.delivery_id, manifest.known_at],
    ).fetchall()
    if not suspects:
        return
    connection.execute(
        f"""
        create or replace temp table suspected as
        select
            rowid as row,
            row_number() over (partition by {keys} order by rowid) as occurrence,
            min(row_hash) over (partition by {keys})
                != max(row_hash) over (partition by {keys}) as is_conflict
        from {table}
        where delivery_id = ? and known_at = ?
            and hash({keys}) in (select unnest(?))
        """,
        [
            manifest.delivery_id,
            manifest.known_at,
            [key_hash for (key_hash,) in suspects],
        ],
    )
    connection.execute("""
        insert into repeated
        select row from suspected where occurrence > 1 and not is_conflict
    """)
    connection.execute(
        """
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from suspected where is_conflict
        """,
        [contract.keys[0]],
    )


def find_beside(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    beside: str,
) -> None:
    """Compare rows with those of the delivery that they are to join."""
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    connection.execute(
        f"""
        insert into repeated
        select rowid from {table} where delivery_id = $aside and row_hash in (
            select row_hash from {table} where delivery_id = $beside
        );
        """,
        {"aside": manifest.delivery_id, "beside": beside},
    )
    connection.execute(
        f"""
        insert into faults (row, column_name, reason)
        select rowid, '{contract.keys[0]}', 'key_conflict' from {table}
        where delivery_id = $aside and rowid not in (select row from repeated)
            and ({keys}) in (select ({keys}) from {table} where delivery_id = $beside)
        """,
        {"aside": manifest.delivery_id, "beside": beside},
    )


def take_out(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """Delete what is faulty or repeated from ``raw``; gives how many were repeated."""
    # A row that is faulty is quarantined, whatever else it repeats.
    connection.execute("""
        delete from repeated
        where row in (select row from faults where row is not null)
    """)
    (repeated,) = connection.execute("""
        select count(distinct row) from repeated
    """).fetchone()
    connection.execute(f"""
        delete from raw.{source}
        where rowid in (
            select row from faults where row is not null union select row from repeated
        )
    """)
    return repeated
