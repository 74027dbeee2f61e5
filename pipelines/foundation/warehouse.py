"""The door to the warehouse: who may open it, and when."""

import errno
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.foundation import source_days
from pipelines.foundation.contracts import Contract, load_contracts
from pipelines.foundation.errors import LockedError, MissingSourceError, ResourceError
from pipelines.foundation.modes import make_folder
from pipelines.foundation.schema import (
    LATER_FACTS,
    LATER_NAMES,
    RAW_COLUMNS,
    WAREHOUSE_TABLES,
    write_score_tables,
)
from pipelines.foundation.settings import Settings

# What DuckDB says of a table or schema of ours that is not there.
NO_TABLE = re.compile(r'Table with name "?([\w.]+)"? does not exist')
_held_here: set[Path] = set()


@contextmanager
def connect(
    settings: Settings, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for as long as the block lasts.

    Parameters
    ----------
    settings : Settings
        Says where it is, and how much memory and how many threads to use.
    read_only : bool, default=False
        Whether to leave everything as it is.

    Raises
    ------
    MissingSourceError
        ``read_only`` and there is no warehouse yet, or the block reads a table that
        no step has made yet.
    LockedError
        Another process still had it open after ``settings.lock_wait_seconds``.
    """
    if read_only and not settings.warehouse.exists():
        msg = (
            f"There is no warehouse at {settings.warehouse}, so there is nothing to "
            "read. Run `crm ingest` first, or point CRM_HOME elsewhere."
        )
        raise MissingSourceError(msg)
    connection = _open(settings, read_only=read_only)
    try:
        connection.execute("set TimeZone = 'UTC'")
        # DuckDB would draw one whoever reads; steps draw their own, on terminals.
        connection.execute("set enable_progress_bar = false")
        yield connection
    except duckdb.CatalogException as error:
        lacks = NO_TABLE.search(str(error))
        if not lacks:
            raise
        msg = (
            f"The warehouse has no {lacks[1]} yet, so this step had nothing to read. "
            "Run `crm ingest` and `crm build` first; `crm run` runs all."
        )
        raise MissingSourceError(msg) from error
    except duckdb.OutOfMemoryException as error:
        msg = (
            "DuckDB ran out of memory or disk, so this step wrote nothing. Free some, "
            f"or raise CRM_MEMORY_LIMIT (now {settings.memory_limit}), and run it "
            "again."
        )
        raise ResourceError(msg) from error
    except (duckdb.Error, OSError) as error:
        if "No space left on device" not in str(error):
            raise
        msg = (
            "The disk is full, so this step wrote nothing that counts. Free some space "
            f"where {settings.home} is, and run it again."
        )
        raise ResourceError(msg) from error
    finally:
        connection.close()


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that Python writes, and change those of before to be like them.

    Columns that contracts gained are added, columns that got another name keep what is
    in them.
    """
    connection.execute(WAREHOUSE_TABLES)
    for schema, table, before, now in LATER_NAMES:
        columns = connection.execute(
            "select column_name from duckdb_columns() "
            "where schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchall()
        if (before,) in columns:
            connection.execute(
                f"alter table {schema}.{table} rename column {before} to {now}"
            )
    connection.execute(write_score_tables())
    connection.execute(source_days.SOURCE_DAY_TABLES + source_days.write_view())
    for name, kind in LATER_FACTS.items():
        connection.execute(
            f"alter table ops.delivery_facts add column if not exists {name} {kind}"
        )
    there = set(
        connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw'"
        ).fetchall()
    )
    for contract in load_contracts().values():
        _create_raw_table(connection, contract, there)


def _create_raw_table(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    there: set[tuple[str, str]],
) -> None:
    """Create ``raw.<source>``, or add the columns its contract has gained."""
    source = contract.source
    columns = {c.name: c.raw_definition for c in contract.columns} | RAW_COLUMNS
    missing = [name for name in columns if (source, name) not in there]
    if len(missing) == len(columns):
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create table raw.{source} ({listed})")
        return
    for name in missing:
        connection.execute(
            f"alter table raw.{source} add column {name} {columns[name]}"
        )


def list_rows(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: list | dict | None = None,
) -> list[dict]:
    """List what a query finds, by column name."""
    result = connection.execute(query, values or [])
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@contextmanager
def run_lock(settings: Settings, run: str) -> Iterator[None]:
    """Keep every other run that writes out until the block ends.

    The lock belongs to the process, so a killed run leaves nothing behind. A step
    inside a run that holds it already goes ahead.

    Raises
    ------
    LockedError
        Another run holds it. Names that run and its process.
    """
    path = settings.home.resolve() / "run.lock"
    if path in _held_here:
        yield
        return
    make_folder(settings.home)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(_describe_holder(path)) from error
        file.seek(0)
        file.truncate()
        started = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"run": run, "process": os.getpid(), "started_at": started}, file)
        file.flush()
        _held_here.add(path)
        try:
            yield
        finally:
            _held_here.discard(path)


def _describe_holder(path: Path) -> str:
    holder = {}
    with suppress(ValueError):
        holder = json.loads(path.read_text(encoding="utf-8"))
    return (
        f"`crm {holder.get('run', '?')}` is at work as process "
        f"{holder.get('process', '?')} since {holder.get('started_at', '?')}, so this "
        "run did nothing. Wait for it to end, then run this again."
    )


def _open(settings: Settings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if not read_only:
        make_folder(settings.home)
    config = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.home / "tmp"),
    }
    deadline = time.monotonic() + settings.lock_wait_seconds
    while True:
        try:
            return duckdb.connect(
                settings.warehouse, read_only=read_only, config=config
            )
        except duckdb.IOException as error:
            if "permission denied" in str(error).lower():
                raise PermissionError(
                    errno.EACCES, os.strerror(errno.EACCES), str(settings.warehouse)
                ) from error
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                msg = (
                    "Another process has the warehouse open, so this step did nothing. "
                    "Close it (BI reads published/current, never the warehouse) and "
                    "run this again."
                )
                raise LockedError(msg) from error
            time.sleep(0.2)
