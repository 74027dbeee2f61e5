"""Take a person's rows out of the warehouse, and leave no bytes behind."""

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.forget.landing import NOTE
from pipelines.forget.person import PROSPECT, REFERENCES, Person, subject_columns
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.deliveries import MANIFEST, parse_manifest
from pipelines.foundation.ledger import ERASED, Entry, append, read
from pipelines.foundation.settings import Settings
from pipelines.information.ingest.outcomes import recount

REBUILT = ".rebuilt"
# Every version that may score, now or again. What one has learnt until is given where
# its sample has made way for that of a later run.
VERSIONS = """
with versions as (
    select use_case, estimator_version from ops.promotions
    union
    select use_case, estimator_version from ops.waiting_challengers
),
learnt as (
    select use_case, estimator_version, mining_run_id, max(learnt_until) as learnt_until
    from ops.challenges
    group by all
),
latest as (
    select use_case, max_by(mining_run_id, started_at) as mining_run_id
    from ml.mining_runs
    group by use_case
)
select
    use_case, estimator_version,
    if(learnt.mining_run_id != latest.mining_run_id, learnt_until, null)
from versions
left join learnt using (use_case, estimator_version)
left join latest using (use_case)
order by all
"""


def erase_from_warehouse(
    connection: duckdb.DuckDBPyConnection, settings: Settings, person: Person
) -> None:
    """Delete a person's rows in one transaction, and count their deliveries again."""
    quarantined = find_quarantined(connection, person)
    connection.begin()
    try:
        _flag_estimators(connection, person)
        touched = _erase_raw(connection, person)
        for delivery_id, file_number, line_number in quarantined:
            connection.execute(
                """
                delete from ops.quarantine
                where delivery_id = ? and file_number = ? and line_number = ?
                """,
                [delivery_id, file_number, line_number],
            )
        touched.update(row[0] for row in quarantined)
        touched |= _take_over_manifests(connection, settings.landing)
        for delivery_id in sorted(touched):
            _count_again(connection, delivery_id)
        _erase_everywhere_else(connection, person)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def enter_into_ledger(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Enter the new counts of every delivery that the ledger has others of."""
    known = read(path)
    rows = connection.execute("""
        select
            delivery_id, rows_loaded, rows_duplicate, rows_quarantined, rows_hash,
            content_sha256
        from ops.deliveries where status != 'refused' order by delivery_id
    """).fetchall()
    entries = [Entry(*row, reason=ERASED) for row in rows]
    changed = [entry for entry in entries if known.get(entry.delivery_id) != entry]
    append(path, changed)
    return len(changed)


def find_quarantined(
    connection: duckdb.DuckDBPyConnection, person: Person
) -> list[tuple[str, int, int]]:
    """Find the quarantined rows whose text names the person, as sent or as repaired."""
    rows = connection.execute("""
        select delivery_id, file_number, line_number, raw_text
        from vault.quarantined_rows
        union
        select delivery_id, file_number, line_number, raw_text from vault.repaired_rows
    """).fetchall()
    return sorted({row[:3] for row in rows if person.pattern.search(row[3] or "")})


def _flag_estimators(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Flag versions that are, were or may be champion and may know the person."""
    tables = {
        name
        for (name,) in connection.execute(
            """
            select table_name from duckdb_tables() where schema_name in ('ml', 'marts')
            """
        ).fetchall()
    }
    for use_case, version, learnt_until in connection.execute(VERSIONS).fetchall():
        # An earlier sample is gone; who was judged by then may have been in it.
        table = f"{use_case}_sample" if learnt_until is None else "customer_labels"
        if table not in tables:
            continue
        schema = "ml" if learnt_until is None else "marts"
        (rows,) = connection.execute(
            f"""
            select count(*) from {schema}.{table}
            where list_contains(?::varchar[], customer_id)
                and as_of_date <= coalesce(?, as_of_date)
            """,
            [sorted(person.pseudonyms["customer"]), learnt_until],
        ).fetchone()
        if rows:
            connection.execute(
                "insert into ops.retraining values (?, ?, ?, ?)",
                [
                    person.erasure_id,
                    use_case,
                    version,
                    datetime.now(UTC).replace(tzinfo=None),
                ],
            )


def _erase_raw(connection: duckdb.DuckDBPyConnection, person: Person) -> set[str]:
    touched: set[str] = set()
    for source, contract in load_contracts().items():
        tests, values = [], []
        for column, kind in subject_columns(source):
            tests.append(f"list_contains(?::varchar[], {column})")
            values.append(sorted(person.pseudonyms.get(kind, ())))
        if source == "partner":
            tests.append("list_contains(?::varchar[], person_number)")
            values.append(sorted(person.pseudonyms.get(PROSPECT, ())))
        if not tests:
            continue
        test = " or ".join(tests)
        connection.execute(
            f"""
            delete from ops.contested_rows where key_hash in (
                select hash({", ".join(contract.keys)}) from raw.{source} where {test}
            )
            """,
            values,
        )
        rows = connection.execute(
            f"delete from raw.{source} where {test} returning delivery_id", values
        ).fetchall()
        for column in REFERENCES.get(source, ()):
            rows += connection.execute(
                f"""
                update raw.{source} set {column} = null
                where list_contains(?::varchar[], {column}) returning delivery_id
                """,
                [sorted(person.pseudonyms["customer"])],
            ).fetchall()
            connection.execute(
                f"update raw.{source} set row_hash = hash({', '.join(contract.names)}) "
                "where list_contains(?::varchar[], delivery_id)",
                [sorted({row[0] for row in rows})],
            )
        touched.update(delivery_id for (delivery_id,) in rows)
    return touched


def _take_over_manifests(
    connection: duckdb.DuckDBPyConnection, landing: Path
) -> set[str]:
    """Note what rewritten deliveries promise now, and what they did before."""
    touched = set()
    for note in landing.glob(f"*/*/{NOTE}"):
        path = note.with_name(MANIFEST)
        manifest = parse_manifest(path.read_bytes())
        row = connection.execute(
            """
            select content_sha256 from ops.deliveries
            where delivery_id = ? and status != 'refused'
            """,
            [manifest.delivery_id],
        ).fetchone()
        if row is None or row[0] == manifest.content:
            continue
        connection.execute(
            "insert into ops.erased_contents values (?, ?)",
            [manifest.delivery_id, row[0]],
        )
        connection.execute(
            """
            update ops.deliveries set rows_delivered = ?, content_sha256 = ?
            where delivery_id = ? and status != 'refused'
            """,
            [manifest.rows, manifest.content, manifest.delivery_id],
        )
        touched.add(manifest.delivery_id)
    return touched


def _count_again(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    (duplicate,) = connection.execute(
        """
        select rows_duplicate from ops.deliveries
        where delivery_id = ? and status != 'refused'
        """,
        [delivery_id],
    ).fetchone()
    if recount(connection, delivery_id).rows_duplicate > duplicate:
        # Its files were taken away, so what is missing now was the person's.
        connection.execute(
            """
            update ops.deliveries set
                rows_duplicate = $duplicate,
                rows_delivered = rows_loaded + rows_quarantined + $duplicate
            where delivery_id = $delivery_id and status != 'refused'
            """,
            {"duplicate": duplicate, "delivery_id": delivery_id},
        )


def _erase_everywhere_else(
    connection: duckdb.DuckDBPyConnection, person: Person
) -> None:
    """Delete the rows of every other table that hold one of the pseudonyms."""
    columns = connection.execute("""
        select schema_name, table_name, column_name, data_type
        from duckdb_columns()
        inner join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = current_database() and schema_name != 'raw'
            and data_type in ('VARCHAR', 'VARCHAR[]')
    """).fetchall()
    for schema, table, column, data_type in columns:
        test = (
            f'list_has_any("{column}", ?::varchar[])'
            if data_type.endswith("[]")
            else f'list_contains(?::varchar[], "{column}")'
        )
        connection.execute(
            f'delete from "{schema}"."{table}" where {test}', [person.pseudonym_list]
        )


def rebuild(path: Path) -> None:
    """Write a database anew, so that nothing deleted is left in its bytes.

    Nobody may have it open. Killed at any instant, either file is whole.
    """
    target = path.with_name(path.name + REBUILT)
    remove(target)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_escape(path)}' as old")
        connection.execute(f"attach '{_escape(target)}' as new")
        connection.execute("copy from database old to new")
        connection.execute("checkpoint old; checkpoint new; detach old; detach new")
    put_in_place(target, path)


def put_in_place(target: Path, path: Path) -> None:
    """Let a database that was written anew take the old one's place."""
    target.chmod(path.stat().st_mode & 0o777)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(target, path)


def remove(path: Path) -> None:
    """Remove a database and its log, if they are there."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _escape(path: Path) -> str:
    return str(path).replace("'", "''")
