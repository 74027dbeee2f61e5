"""Read a table from a file or from the warehouse, or as much of it as is asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.errors import DataQualityError, UsageError
from pipelines.settings import Settings
from pipelines.warehouse import connect

ROW_NUMBER = "__row_number"
MISSING = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "?"]


@dataclass(frozen=True)
class Table:
    """Rows in memory, and what they are of.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    row_number : Series of shape (n_rows,)
        Of each row in its source, from 1.
    total : int
        Rows of the source.
    query : str
        What was read, in SQL.
    """

    frame: pd.DataFrame
    row_number: pd.Series
    total: int
    query: str


def read_table(
    settings: Settings, source: str, *, count_rows_at_most=None, seed: int = 0
) -> Table:
    """Read a table; where it is larger than asked for, a sample of its rows.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    source : str
        File (CSV with any delimiter, or Parquet), else table of the warehouse.
    count_rows_at_most : callable, optional
        Takes the number of columns, gives the number of rows to read. Else all.
    seed : int, default=0
        Chooses the rows. Each has the same chance, so that shares, and with them
        probabilities, stay true without weights.

    Raises
    ------
    UsageError
        There is no such file or table, or it can't be read.
    DataQualityError
        It has no rows.
    """
    with _open(settings, source) as (connection, relation):
        try:
            columns = connection.execute(f"describe from {relation}").fetchall()
            (total,) = connection.execute(f"select count(*) from {relation}").fetchone()
            limit = count_rows_at_most(len(columns)) if count_rows_at_most else total
            share = min(1.0, limit / max(total, 1))
            query = (
                f"select * from (select row_number() over () as {ROW_NUMBER}, * "
                f"from {relation}) where hash({ROW_NUMBER}, {int(seed)}) % 1000000 "
                f"< {round(share * 1e6)} order by {ROW_NUMBER}"
            )
            frame = connection.execute(query).df()
        except duckdb.Error as error:
            # DuckDB's own message may quote a row.
            msg = (
                f"{source} can't be read as a table ({type(error).__name__}), so "
                "nothing was mined. Check its header, delimiter and encoding (UTF-8)."
            )
            raise UsageError(msg) from error
    if frame.empty:
        msg = f"{source} has no rows, so there is nothing to mine. Give it some."
        raise DataQualityError(msg)
    return Table(frame, frame.pop(ROW_NUMBER), total, query)


@contextmanager
def _open(
    settings: Settings, source: str
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    path = Path(source)
    if path.is_file():
        with duckdb.connect() as connection:
            connection.execute(f"set threads = {settings.threads}")
            yield connection, _to_relation(path)
        return
    parts = source.split(".")
    if "/" in source or path.suffix in {".csv", ".parquet", ".txt", ".tsv"}:
        msg = f"There is no file {source}, so nothing was mined. Check the path."
        raise UsageError(msg)
    with connect(settings, read_only=True) as connection:
        found = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_name = ? and (? is null or table_schema = ?)",
            [parts[-1], *[parts[0] if len(parts) > 1 else None] * 2],
        ).fetchall()
        if len(found) != 1:
            msg = (
                f"{len(found)} tables of the warehouse are called {source}, so nothing "
                "was mined. Give schema.table, or the path of a CSV or Parquet file."
            )
            raise UsageError(msg)
        yield connection, ".".join(f'"{part}"' for part in found[0])


def _to_relation(path: Path) -> str:
    # Brackets, stars and question marks in a name must not match other files.
    name = re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''")
    if path.suffix == ".parquet":
        return f"read_parquet('{name}')"
    missing = ", ".join(f"'{text}'" for text in MISSING)
    return f"read_csv('{name}', sample_size = -1, nullstr = [{missing}])"
