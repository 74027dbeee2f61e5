"""Read the marts in the warehouse, and write them to a file of their own."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.modes import make_folder

DATABASE = "marts.duckdb"
# The oldest format that every DuckDB from 1.2 on reads: BI drivers lag behind.
STORAGE_VERSION = "v1.2.0"
# They say when we ran, not what is true. A rerun differs in these alone, and is not
# worth a version.
WALL_CLOCK_COLUMNS = ("scored_at", "loaded_at", "checked_at")


@dataclass(frozen=True)
class Mart:
    """A table of the schema ``marts``, as it is now.

    Attributes
    ----------
    name : str
        The table's.
    comment : str or None
        What it is, and one row per what.
    columns : list of tuple
        Name, type and comment of each, in order.
    rows : int
        How many.
    content_hash : str
        Of all of that and of every value; it does not depend on the order of rows.
    """

    name: str
    comment: str | None
    columns: list[tuple[str, str, str | None]]
    rows: int
    content_hash: str


def describe_marts(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """Describe every mart, in alphabetical order.

    Raises
    ------
    MissingSourceError
        There is none.
    """
    tables = connection.execute("""
        select table_name, comment
        from duckdb_tables()
        where database_name = current_database() and schema_name = 'marts'
        order by table_name
    """).fetchall()
    if not tables:
        msg = "There are no marts yet, so nothing was published. Run `crm build` first."
        raise MissingSourceError(msg)
    return [_describe_mart(connection, name, comment) for name, comment in tables]


def combine_hashes(marts: list[Mart]) -> str:
    """Hash all marts together."""
    return _hash([[mart.name, mart.rows, mart.content_hash] for mart in marts])


def write_marts(
    connection: duckdb.DuckDBPyConnection, folder: Path, marts: list[Mart]
) -> None:
    """Write a database and one Parquet file for each mart into an empty folder.

    The tables are in schema ``main``, so that ``marts.customers`` means the same in the
    warehouse (schema and table) and in ``marts.duckdb`` (database and table). In a file
    called like a schema in it, DuckDB calls that name ambiguous.
    """
    connection.execute(
        f"attach {_quote_text(folder / DATABASE)} as published "
        f"(storage_version '{STORAGE_VERSION}', read_write)"
    )
    make_folder(folder / "parquet")
    for mart in marts:
        source, target = f"marts.{_quote(mart.name)}", f"published.{_quote(mart.name)}"
        connection.execute(f"create table {target} as from {source}")
        _write_comments(connection, mart, target)
        parquet = _quote_text(folder / "parquet" / f"{mart.name}.parquet")
        connection.execute(f"copy {source} to {parquet} (format parquet)")
    # Writes the log into the file, so that no `.wal` is left beside it.
    connection.execute("detach published")


def _describe_mart(
    connection: duckdb.DuckDBPyConnection, name: str, comment: str | None
) -> Mart:
    columns = connection.execute(
        """
        select column_name, data_type, comment
        from duckdb_columns()
        where
            database_name = current_database()
            and schema_name = 'marts' and table_name = ?
        order by column_index
        """,
        [name],
    ).fetchall()
    hashed = ", ".join(_quote(c) for c, *_ in columns if c not in WALL_CLOCK_COLUMNS)
    # A sum does not depend on the order of rows, and two equal rows do not cancel out.
    rows, total = connection.execute(
        f"select count(*), coalesce(sum(hash({hashed})), 0) from marts.{_quote(name)}"
    ).fetchone()
    content_hash = _hash([name, comment, columns, rows, str(total)])
    return Mart(name, comment, columns, rows, content_hash)


def _write_comments(
    connection: duckdb.DuckDBPyConnection, mart: Mart, target: str
) -> None:
    comments = {f"table {target}": mart.comment} | {
        f"column {target}.{_quote(name)}": comment for name, _, comment in mart.columns
    }
    for place, comment in comments.items():
        if comment:
            connection.execute(f"comment on {place} is {_quote_text(comment)}")


def _hash(facts: list) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quote_text(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
