"""Is everything that was ever loaded still there? The ledger knows."""

import logging

import duckdb

from pipelines.foundation import ledger
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)
LIST_OF_TABLES = (
    "select table_schema || '.' || table_name from information_schema.tables"
)


def run(settings: Settings, *, deep: bool = False) -> int:
    """Compare each delivery's rows in ``raw`` with what the ledger remembers.

    Parameters
    ----------
    settings : Settings
        Where the warehouse and the ledger are.
    deep : bool, default=False
        Whether to read every table to the last byte as well: a damaged block is only
        noticed when it is read.

    Returns
    -------
    int
        Deliveries compared.

    Raises
    ------
    DataQualityError
        Deliveries are missing or changed, or the ledger or the warehouse is damaged.
    """
    remembered = ledger.read(settings.ledger)
    try:
        with connect(settings, read_only=True) as connection:
            tables = {
                table for (table,) in connection.execute(LIST_OF_TABLES).fetchall()
            }
            found = _count_rows(connection, tables)
            if deep:
                _read_all(connection)
    except duckdb.Error:
        # DuckDB's own words may hold what stands in the damaged place.
        raise DataQualityError(_damaged(remembered)) from None
    lost = [
        entry.delivery_id
        for entry in remembered.values()
        if found.get(entry.delivery_id) != (entry.rows_loaded, entry.rows_hash)
    ]
    unknown = sorted(set(found) - set(remembered))
    if lost or unknown:
        msg = (
            f"The warehouse does not hold what the ledger remembers: {len(lost)} "
            f"deliveries are missing or changed, {len(unknown)} are not in the ledger. "
            "Run `crm ingest` and `crm replay` to load missing ones from landing, or "
            f"bring back a backup: {', '.join([*lost, *unknown][:20])}"
        )
        raise DataQualityError(msg)
    logger.info("verify: %d deliveries as the ledger remembers them", len(remembered))
    return len(remembered)


def _count_rows(
    connection: duckdb.DuckDBPyConnection, tables: set[str]
) -> dict[str, tuple[int, str]]:
    """Count rows and add up hashes by delivery; what has no table has no rows."""
    found: dict[str, tuple[int, str]] = {}
    if "ops.deliveries" in tables:
        noted = connection.execute("""
            select delivery_id from ops.deliveries where status != 'refused'
        """).fetchall()
        found = {delivery_id: (0, "0") for (delivery_id,) in noted}
    for source in load_contracts():
        if f"raw.{source}" in tables:
            rows = connection.execute(f"""
                select delivery_id, count(*), cast(sum(row_hash) as varchar)
                from raw.{source} group by delivery_id
            """).fetchall()
            found |= {delivery_id: tuple(counts) for delivery_id, *counts in rows}
    return found


def _read_all(connection: duckdb.DuckDBPyConnection) -> None:
    stored = connection.execute("""
        select
            format('"{}"."{}"', schema_name, table_name),
            string_agg(format('"{}"', column_name), ', ')
        from duckdb_columns()
        where database_name = current_database() and not internal
            and (schema_name, table_name) in (
                select (schema_name, table_name) from duckdb_tables()
            )
        group by all
    """).fetchall()
    for table, columns in stored:
        connection.execute(f"select sum(hash({columns})) from {table}").fetchall()


def _damaged(remembered: dict) -> str:
    return (
        "The warehouse or its write-ahead log is damaged and can't be read, so none of "
        f"its {len(remembered)} deliveries can be relied on. Bring back a backup, or "
        "remove warehouse.duckdb and its .wal and run `crm ingest` and `crm replay`: "
        f"{', '.join(list(remembered)[:20])}"
    )
