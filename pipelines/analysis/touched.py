"""What became known, or was taken back, since the marts were last built whole.

Every build notes which deliveries it reads. What differs from the last good note says
from which moment on history has to be computed again: a snapshot whose cut-off came
before that moment knows nothing of it. A build that failed may have built some tables
from what has gone since, so its note stays beside the good one until a build ends well.
"""

from datetime import UTC, datetime
from uuid import uuid4

import duckdb

from pipelines.foundation.contracts import load_contracts

# They say whom an event belongs to: where a row of theirs is gone, so is what it meant.
LINKING_SOURCES = ["core_customers", "core_accounts", "identities"]
NOTES = (
    "builds",
    "built_deliveries",
    "built_snapshots",
    "built_tables",
    "changed_deliveries",
)
BUILD_TABLES = """
create table if not exists ops.builds (
    build_id varchar, code_version varchar, started_at timestamp, is_finished boolean
);
create table if not exists ops.built_deliveries (
    build_id varchar, delivery_id varchar, source varchar, known_at timestamp,
    superseded_at timestamp, row_count bigint, rows_hash varchar, months date[]
);
create table if not exists ops.built_snapshots (
    as_of_date date, observed_until_date date
);
alter table ops.built_snapshots add column if not exists gaps varchar;
create table if not exists ops.built_tables (table_name varchar);
create table if not exists ops.changed_deliveries (
    delivery_id varchar, source varchar, known_from timestamp, month_date date
);
-- An identity has no delivery: what became known of a registration counts as one.
create or replace view ops.standing as
    select
        delivery_id, accepted.source, known_at, superseded_at,
        coalesce(rows_loaded, 0) as row_count, coalesce(rows_hash, '') as rows_hash
    from ops.accepted_deliveries as accepted
    inner join ops.deliveries using (delivery_id)
    where status = 'accepted'
    union all
    select
        'identities/' || hash(customer_number) || '/' || known_at, 'identities',
        known_at, null, 1, cast(hash(customer_id, registered_date) as varchar)
    from ops.customer_identities
    where known_at > timestamp '0001-01-01';
"""
# Of what was only superseded, nothing differs before that moment.
CHANGED = """
    with expected as (
        select build_id, standing.* from standing cross join ops.builds
    ),
    built as (select * exclude (months) from ops.built_deliveries),
    differing as (
        select *, true as is_expected from (from expected except from built)
        union all
        select *, false from (from built except from expected)
    ),
    summed as (
        select
            delivery_id, source,
            count(*) filter (is_expected) = count(*) filter (not is_expected)
            and count(distinct (known_at, rows_hash)) = 1 as is_only_superseded,
            min(superseded_at) as superseded_at,
            min(known_at) as known_at,
            bool_or(not is_expected) as was_built
        from differing group by all
    )
    select
        delivery_id, source,
        case when is_only_superseded then superseded_at else known_at end as known_from,
        not is_only_superseded and was_built as is_other
    from summed
"""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of notes."""
    connection.execute(BUILD_TABLES)


def begin(connection: duckdb.DuckDBPyConnection, code_version: str) -> bool:
    """Note what a build is about to read, and what of it has changed.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The warehouse, open for writing.
    code_version : str
        Of the dbt project: other code or other seeds make other marts of the same rows.

    Returns
    -------
    bool
        Whether what was built before is of use. Not if it was never built whole by this
        code, and not if a delivery of a register is gone or has other rows.
    """
    connection.begin()
    connection.execute("create or replace temp table standing as from ops.standing")
    connection.execute(f"create or replace temp table changed as {CHANGED}")
    is_of_use = _is_of_use(connection, code_version)
    if not is_of_use:
        forget(connection)
        connection.execute("delete from changed")
    _write_note(connection, code_version)
    connection.commit()
    return is_of_use


def finish(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that the newest build ended well, and drop the notes before it.

    A table that it left with rows and that has none by the next build lost them.
    """
    connection.begin()
    connection.execute("""
        delete from ops.builds
        where started_at < (select max(started_at) from ops.builds);
        delete from ops.built_deliveries
        where build_id not in (select build_id from ops.builds);
        update ops.builds set is_finished = true;
        delete from ops.built_snapshots;
        insert into ops.built_snapshots
        select as_of_date, observed_until_date, gaps from intermediate.int_as_of_dates;
        delete from ops.built_tables
    """)
    for (name,) in connection.execute("""
        select schema_name || '.' || table_name from duckdb_tables()
        where
            database_name = current_database()
            and schema_name in ('intermediate', 'marts')
    """).fetchall():
        connection.execute(
            f"insert into ops.built_tables select ? where exists (from {name})", [name]
        )
    connection.commit()


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the next build be a full one."""
    for name in NOTES:
        connection.execute(f"delete from ops.{name}")


def _is_of_use(connection: duckdb.DuckDBPyConnection, code_version: str) -> bool:
    (is_of_use,) = connection.execute(
        """
        select
            coalesce(bool_or(is_finished) and bool_and(code_version = $version), false)
            and not exists (
                from changed where is_other and list_contains($registers, source)
            )
        from ops.builds
        """,
        {"version": code_version, "registers": LINKING_SOURCES},
    ).fetchone()
    return is_of_use


def _write_note(connection: duckdb.DuckDBPyConnection, code_version: str) -> None:
    """Note each delivery with the months in which its rows happened."""
    connection.execute("""
        create or replace temp table months as
        select delivery_id, any_value(built.months) as months
        from standing
        inner join ops.built_deliveries as built
            using (delivery_id, row_count, rows_hash)
        group by delivery_id
    """)
    for source, contract in load_contracts().items():
        month = f"cast(date_trunc('month', {contract.happened.name}) as date)"
        connection.execute(f"""
            insert into months
            select delivery_id, list(distinct {month})
            from raw.{source}
            where delivery_id in (
                select delivery_id from standing where source = '{source}'
                except select delivery_id from months
            )
            group by delivery_id
        """)
    connection.execute("""
        delete from ops.changed_deliveries;
        insert into ops.changed_deliveries
        select distinct
            changed.delivery_id, source, known_from, unnest(coalesce(months, [null]))
        from changed
        left join (
            select delivery_id, months from months
            union all
            select delivery_id, months from ops.built_deliveries
        ) as stated using (delivery_id)
    """)
    build_id, started_at = str(uuid4()), datetime.now(UTC).replace(tzinfo=None)
    connection.execute(
        "insert into ops.builds values (?, ?, ?, false)",
        [build_id, code_version, started_at],
    )
    connection.execute(
        """
        insert into ops.built_deliveries
        select ?, standing.*, months from standing left join months using (delivery_id)
        """,
        [build_id],
    )
