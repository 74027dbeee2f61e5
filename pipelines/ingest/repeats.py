"""Which rows say again, or contradict, what another row said."""

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


def take_out(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, int]:
    """Delete what is faulty or repeated from ``raw``; count repeated by delivery."""
    # A row that is faulty is quarantined, whatever else it repeats.
    connection.execute("""
        delete from repeated
        where row in (select row from faults where row is not null)
    """)
    counts = connection.execute(f"""
        select delivery_id, count(*) from raw.{source}
        where rowid in (select row from repeated)
        group by delivery_id
    """).fetchall()
    connection.execute(f"""
        delete from raw.{source}
        where rowid in (
            select row from faults where row is not null union select row from repeated
        )
    """)
    return dict(counts)


def find_said_before(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    period: tuple[object, object],
) -> None:
    """List in ``repeated`` what others have said, in ``faults`` what clashes with it.

    Of the same words, the delivery that was extracted first keeps the row, in whatever
    order they come in. Where they clash, what is stored stays. One of the same business
    date does not count: this is then a restatement, which replaces it, so what both say
    has to be there twice. Neither does one that was withdrawn.
    """
    excluded = """
        select delivery_id from ops.deliveries
        where source = $source and (
            business_date = $business_date or status = 'withdrawn'
        )
    """
    delivery = {"source": manifest.source, "business_date": manifest.business_date}
    (others,) = connection.execute(
        f"""
        select count(*) from ops.deliveries
        where source = $source and delivery_id not in ({excluded})
        """,
        delivery,
    ).fetchone()
    if not others:
        return
    table, happened = f"raw.{contract.source}", contract.happened.name
    key_hash = f"hash({', '.join(contract.keys)}) as key_hash"
    said = f"rowid as row, row_hash, {key_hash}, (known_at, delivery_id) as said"
    connection.execute(
        f"""
        create or replace temp table said_before as
        with others as (
            select {said} from {table}
            where {happened} between $first and $last and delivery_id not in (
                select $delivery_id union all {excluded}
            )
        ),
        own as (
            select {said} from {table}
            where delivery_id = $delivery_id and known_at = $known_at
                and rowid not in (select row from repeated)
                and rowid not in (select row from faults where row is not null)
        )
        select
            own.row,
            own.row_hash = others.row_hash as is_same,
            if(others.said < own.said, own.row, others.row) as later_row
        from own inner join others using (key_hash)
        """,
        delivery
        | {
            "delivery_id": manifest.delivery_id,
            "known_at": manifest.known_at,
            "first": period[0],
            "last": period[1],
        },
    )
    connection.execute(
        """
        insert into repeated select later_row from said_before where is_same;
        """
    )
    connection.execute(
        """
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from said_before
        group by row having not bool_or(is_same)
        """,
        [contract.keys[0]],
    )
