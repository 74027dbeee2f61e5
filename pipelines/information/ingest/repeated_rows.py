"""Which rows say again, or contradict, what another row of the delivery said."""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest

FEW_ROWS, PART_ROWS = 100_000, 30_000_000


def find_conflicts(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    row_count: int,
) -> None:
    """List in ``repeated`` the rows that were said before, in ``faults`` what clashes.

    Of rows that are equal to the letter, the first counts. Rows that share a key and
    differ are all at fault, for nobody can say which is right. Of the delivery's rows
    there are ``row_count``.
    """
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    suspects = _find_repeated_hashes(connection, contract, manifest, row_count)
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
        [manifest.delivery_id, manifest.known_at, suspects],
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


def _find_repeated_hashes(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    row_count: int,
) -> list[int]:
    """Find the hashes of the keys that several rows have, of which most often none is.

    Sorting numbers takes half of the time that grouping them takes. They are read in
    parts, in which equal ones are together: one part is sorted while the next is read.
    """
    part_count = 1 + (row_count > FEW_ROWS) + row_count // PART_ROWS
    query = f"""
        select key_hash
        from (
            select hash({", ".join(contract.keys)}) as key_hash
            from raw.{contract.source}
            where delivery_id = ? and known_at = ?
        )
        where key_hash % {part_count} = ?
    """
    delivered = [manifest.delivery_id, manifest.known_at]
    # numpy sorts without holding Python's lock.
    with ThreadPoolExecutor(2) as pool:
        parts = [
            pool.submit(
                _list_repeated,
                connection.execute(query, [*delivered, part]).fetchnumpy(),
            )
            for part in range(part_count)
        ]
    return [key_hash for part in parts for key_hash in part.result()]


def _list_repeated(part: dict[str, np.ndarray]) -> list[int]:
    hashes = part.pop("key_hash")
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]]).tolist()


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
