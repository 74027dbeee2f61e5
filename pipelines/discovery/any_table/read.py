"""Read a table from a file or from the warehouse, or as much of it as is asked for."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from models.modify.columns import read_numbers
from pipelines.discovery.any_table.request import names_file
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

ROW_NUMBER, WEIGHT = "__row_number", "__weight"
# What programs write for nothing. Among numbers `models.modify.columns` takes
# more for it, such as "none" or "-", which elsewhere may be an answer, and in a target
# half of them.
MARKS = ["", "?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NaT", "NULL", "null"]
DUMPS = ["\\N", "(null)", "#N/A", "#N/A N/A", "#NA", "#NULL!", "#VALUE!", "#DIV/0!"]
MISSING = [*MARKS, *DUMPS]
NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")
MOMENTS = re.compile(r"DATE|TIMESTAMP.*")
NESTED = re.compile(r"(STRUCT|MAP|UNION)\(.*|.*\]")
NO_HEADER = re.compile(r"column\d+")  # what DuckDB calls columns without one


# Of the rows read, up to this share the rarer target is kept whole. A whole table of
# one in a thousand would else leave too few of it to learn from.
RARER_SHARE = 0.2
LARGEST_WEIGHT = 100  # figures count a row as often as this
NEGLIGIBLE = 0.01  # of a weight, which is whole


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
    types : dict of str to str
        What DuckDB takes each column for.
    weight : Series of shape (n_rows,), optional
        A whole number: for how many rows of the source each speaks, compared with those
        of the rarer target. None where all were read.
    """

    frame: pd.DataFrame
    row_number: pd.Series
    total: int
    query: str
    types: dict[str, str]
    weight: pd.Series | None = None


def read_table(
    settings: Settings,
    source: str,
    *,
    count_rows_at_most=None,
    target: str | None = None,
    seed: int = 0,
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
    target : str, optional
        Where it takes two values, rows of the rarer one are read first. Else each row
        has the same chance.
    seed : int, default=0
        Chooses the rows.

    Raises
    ------
    UsageError
        There is no such file or table, or it can't be read.
    DataQualityError
        It has no rows.
    """
    with _open(settings, source) as (connection, relation):
        columns = connection.execute(f"describe from {relation}").fetchall()
        (total,) = connection.execute(f"select count(*) from {relation}").fetchone()
        limit = count_rows_at_most(len(columns)) if count_rows_at_most else total
        target = target if target in [name for name, *_ in columns] else None
        share, weight = _plan_thinning(
            connection, relation, target, limit / max(total, 1)
        )
        query = (
            f"select * from (select row_number() over () as {ROW_NUMBER}, "
            f"{weight} as {WEIGHT}, * from {relation}) "
            f"where hash({ROW_NUMBER}, {int(seed)}) % 1000000 "
            f"< {round(share * 1e6)} / {WEIGHT} order by {ROW_NUMBER}"
        )
        frame = connection.execute(query).df()
    types = {name: kind for name, kind, *_ in columns}
    _require_rows(source, types, len(frame))
    row_number, weight = frame.pop(ROW_NUMBER), frame.pop(WEIGHT)
    return Table(frame, row_number, total, query, types, weight)


def _plan_thinning(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    target: str | None,
    share: float,
) -> tuple[float, str]:
    """Plan which share of the rarer target to read, and what a row weighs, in SQL.

    A row is read with the probability of share by weight.
    """
    if share >= 1 or target is None:
        return min(share, 1.0), "1"
    name = _quote(target)
    known = f"from {relation} where {name} is not null group by {name}"
    # The value itself stays out of the query, which is logged.
    counts = connection.execute(
        f"select count(*) {known} order by 1 limit 3"
    ).fetchall()
    if len(counts) != 2:  # noqa: PLR2004 - which of more is wanted is not known here
        return share, "1"
    (rarer,), (commoner,) = counts
    limit = share * (rarer + commoner)
    kept = min(max(share, RARER_SHARE * limit / rarer), LARGEST_WEIGHT * share, 1.0)
    weight = math.ceil(kept * commoner / (limit - kept * rarer) - NEGLIGIBLE)
    if weight <= 1:
        return share, "1"
    rarest = f"(select {name} {known} order by count(*) limit 1)"
    return kept, f"case when {name} = {rarest} then 1 else {weight} end"


def read_like(
    settings: Settings, source: str, known: Table, *, of: str, id_column: str | None
) -> Table:
    """Read a table, each column as the type it has in another one.

    By itself, a file of rows to predict may look different: without the one "unknown",
    a column of yes and no is taken for true and false.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    source : str
        As for :func:`read_table`.
    known : Table
        Read before. A column that it has not keeps its own type.
    of : str
        The source of ``known``, which says how dates are written.
    id_column : str, optional
        Stays as it is written, and loses nothing.

    Returns
    -------
    Table
        Unknown is, besides gaps, what can't be read as the type asked for.

    Raises
    ------
    UsageError
        There is no such file or table, or it can't be read.
    DataQualityError
        It has no rows.
    """
    formats = _find_date_formats(settings, of, known.types)
    with _open(settings, source, as_text=True) as (connection, relation):
        columns = connection.execute(f"describe from {relation}").fetchall()
        own = {name: kind for name, kind, *_ in columns}
        types = {name: known.types.get(name, kind) for name, kind in own.items()}
        listed = ", ".join(
            f"{_cast(name, own[name], types[name], formats)} as {_quote(name)}"
            for name in own
        )
        query = (
            f"select row_number() over () as {ROW_NUMBER}, {listed} "
            f"from {relation} order by {ROW_NUMBER}"
        )
        frame = connection.execute(query).df()
    _require_rows(source, types, len(frame))
    for name in frame.columns.intersection(list(types)).drop(id_column or []):
        if NUMBERS.fullmatch(types[name]) and own[name] == "VARCHAR":
            frame[name] = read_numbers(frame[name])
    return Table(frame, frame.pop(ROW_NUMBER), len(frame), query, types)


def _require_rows(source: str, types: dict[str, str], total: int) -> None:
    # A header and nothing else is taken for the only row of a file without one.
    is_header_only = total == 1 and all(map(NO_HEADER.fullmatch, types))
    if total == 0 or is_header_only:
        msg = f"{source} has no rows, so there is nothing to mine. Give it some."
        raise DataQualityError(msg)


def _find_date_formats(
    settings: Settings, source: str, types: dict[str, str]
) -> list[str]:
    """How a CSV writes its dates and timestamps, where it has any."""
    path = Path(source)
    if not path.is_file() or _is_parquet(path):
        return []
    if not any(map(MOMENTS.fullmatch, types.values())):
        return []
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {settings.threads}")
        found = connection.execute(
            f"select DateFormat, TimestampFormat from sniff_csv({_name_csv(path)})"
        ).fetchone()
    return [text for text in found or () if text]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cast(name: str, own: str, wanted: str, formats: list[str]) -> str:
    column, text = _quote(name), f"cast({_quote(name)} as varchar)"
    if own == wanted:
        return column
    if NUMBERS.fullmatch(wanted):
        is_number = NUMBERS.fullmatch(own) or own == "BOOLEAN"
        return column if is_number else text
    if MOMENTS.fullmatch(wanted):
        written = [f"try_strptime({text}, '{format_}')" for format_ in formats]
        tries = [f"try_cast({moment} as {wanted})" for moment in [*written, column]]
        return f"coalesce({', '.join(tries)})"
    if wanted == "BOOLEAN":
        return f"try_cast({column} as boolean)"
    return text


@contextmanager
def _open(
    settings: Settings, source: str, *, as_text: bool = False
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection and what to read from, for as long as the block lasts."""
    try:
        with _find(settings, source, as_text=as_text) as found:
            yield found
    except duckdb.Error as error:
        # DuckDB's own message may quote a row.
        msg = (
            f"{source} can't be read as a table ({type(error).__name__}), so nothing "
            "was mined. Check its header, delimiter and encoding (UTF-8)."
        )
        raise UsageError(msg) from None


@contextmanager
def _find(
    settings: Settings, source: str, *, as_text: bool
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    path = Path(source)
    if path.is_file():
        with duckdb.connect() as connection:
            connection.execute(f"set threads = {settings.threads}")
            yield connection, _to_relation(path, as_text=as_text)
        return
    parts = source.split(".")
    if names_file(source):
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


def _to_relation(path: Path, *, as_text: bool) -> str:
    if _is_parquet(path):
        return f"read_parquet('{_escape(path)}')"
    # Where all is text, nothing tells a header from a row.
    options = ", all_varchar = true, header = true" if as_text else ""
    return f"read_csv({_name_csv(path)}{options})"


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _name_csv(path: Path) -> str:
    missing = ", ".join(f"'{text}'" for text in MISSING)
    return f"'{_escape(path)}', sample_size = -1, nullstr = [{missing}]"


def _escape(path: Path) -> str:
    # Brackets, stars and question marks in a name must not match other files.
    return re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''")
