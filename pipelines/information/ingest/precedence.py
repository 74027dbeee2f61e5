"""Which rows say again, or contradict, what others said, and whose turn it was.

Of deliveries that stand at the same time, the one that was written out first keeps a
row, and a restatement has the turn of what it restates. So the order in which they come
in makes no difference.
"""

from pathlib import Path

import duckdb

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest
from pipelines.information.ingest import reload as again

# Others count from when they are known until they are restated; not while they are held
# or withdrawn. One that was taken out to be judged again still restates what it did.
STANDING = """
create or replace temp table standing as
select
    delivery_id, business_date, sequence, extracted_at,
    lead(extracted_at) over (partition by business_date order by sequence)
        as superseded_at
from ops.deliveries
where source = ? and status in ('loaded', 'accepted', 'stale')
"""
SAID_BEFORE = """
create or replace temp table said_before as
with own as (
    select
        {said},
        (
            select arg_min(extracted_at, sequence) from standing
            where business_date = $business_date and sequence > $sequence
        ) as superseded_at
    from {table}
    where delivery_id = $delivery_id and known_at = $known_at
        and rowid not in (select row from repeated)
        and rowid not in (select row from faults where row is not null)
),
stored as (
    select said.*, standing.business_date, standing.extracted_at, standing.superseded_at
    from (select {said} from {table} where {happened} between $first and $last) as said
    inner join standing using (delivery_id)
    where said.key_hash in (select key_hash from own)
),
others as (
    select
        *,
        (
            min(extracted_at) over (partition by key_hash, business_date),
            business_date
        ) as turn
    from stored
),
restated as (
    select key_hash, min(extracted_at) as extracted_at from stored
    where business_date = $business_date
    group by key_hash
),
in_turn as (
    select
        own.*,
        (least(own.known_at, restated.extracted_at), $business_date::date) as turn
    from own left join restated using (key_hash)
)
select
    in_turn.row, others.delivery_id, others.business_date, others.superseded_at,
    in_turn.row_hash = others.row_hash as is_same,
    others.turn < in_turn.turn as is_before,
    others.known_at <= in_turn.known_at as is_at_once,
    others.superseded_at is null
    or coalesce(others.superseded_at >= in_turn.superseded_at, false) as stands
from in_turn inner join others using (key_hash)
where others.business_date != $business_date
    and coalesce(others.superseded_at > in_turn.known_at, true)
    and coalesce(in_turn.superseded_at > others.known_at, true)
"""
# What was contradicted when it was said stays so, whoever says it later. Where a date
# still speaks of a row that it said once, in whatever words, another's repetition of it
# says nothing. Where it does not, that counts from then on.
SAID = """
create or replace temp table said as
select
    row,
    coalesce(bool_or(is_same) filter (is_at_once), bool_or(is_same)) as is_said,
    bool_or(is_said_there and stands) as stays,
    max(superseded_at) filter (is_said_there) as taken_back_at
from (
    select
        *, bool_or(is_same) over (partition by row, business_date) as is_said_there
    from said_before
)
group by row;
"""


def find_said_before(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    period: tuple[object, object],
    landing: Path | None,
) -> list[str]:
    """List in ``repeated`` what others have said, in ``faults`` what clashes with it.

    Parameters
    ----------
    connection, contract, manifest
        As ``judge.find_faulty``.
    period : tuple of two date or datetime
        When the first and the last row happened.
    landing : Path or None
        Where deliveries still lie that can be loaded again. Where one does not, what is
        stored stays.

    Returns
    -------
    list of str
        Deliveries that have a row out of their turn: to be judged again after this one.
    """
    if not _is_any_said(connection, contract, manifest, period):
        return []
    connection.execute(STANDING, [manifest.source])
    (others,) = connection.execute(
        "select count(*) from standing where business_date != ?",
        [manifest.business_date],
    ).fetchone()
    if not others:
        return []
    _compare(connection, contract, manifest, period)
    later = connection.execute("""
        select distinct delivery_id from said_before where not is_before
    """).fetchall()
    out_of_turn = [
        delivery_id
        for (delivery_id,) in later
        if landing and again.find_folder(landing, delivery_id)
    ]
    connection.execute(
        "delete from said_before "
        "where not is_before and list_contains(?::varchar[], delivery_id)",
        [out_of_turn],
    )
    _settle(connection, contract)
    return out_of_turn


def _is_any_said(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    period: tuple[object, object],
) -> bool:
    """Whether any row has a key that another delivery's row has: mostly none has."""
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    (is_any,) = connection.execute(
        f"""
        select exists(
            select delivery_id from {table}
            where {contract.happened.name} between $first and $last
                and delivery_id != $delivery_id
                and hash({keys}) in (
                    select hash({keys}) from {table}
                    where delivery_id = $delivery_id and known_at = $known_at
                )
        )
        """,
        {
            "delivery_id": manifest.delivery_id,
            "known_at": manifest.known_at,
            "first": period[0],
            "last": period[1],
        },
    ).fetchone()
    return is_any


def _compare(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    period: tuple[object, object],
) -> None:
    """Fill ``said_before`` with each row's like in deliveries that stood beside it."""
    keys = ", ".join(contract.keys)
    connection.execute(
        SAID_BEFORE.format(
            table=f"raw.{contract.source}",
            happened=contract.happened.name,
            said=f"rowid as row, row_hash, known_at, delivery_id, "
            f"hash({keys}) as key_hash",
        ),
        {
            "delivery_id": manifest.delivery_id,
            "known_at": manifest.known_at,
            "business_date": manifest.business_date,
            "sequence": manifest.sequence,
            "first": period[0],
            "last": period[1],
        },
    )


def _settle(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    connection.execute(SAID)
    connection.execute(f"""
        insert into repeated select row from said where is_said and stays;
        update raw.{contract.source} as own set known_at = said.taken_back_at
        from said
        where own.rowid = said.row and said.is_said and not said.stays;
    """)
    connection.execute(
        """
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from said where not is_said
        """,
        [contract.keys[0]],
    )
