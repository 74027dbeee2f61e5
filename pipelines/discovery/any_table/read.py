"""Read a table from a file or from the warehouse, or as much of it as is asked for."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from models.modify.columns import choose_mark, find_marks, read_numbers
from pipelines.discovery.any_table.dates import prove_dates
from pipelines.discovery.any_table.formats import Source, open_source, quote, trim
from pipelines.discovery.any_table.request import Request, names_file
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

ROW_NUMBER, WEIGHT = "__row_number", "__weight"
NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")
MOMENTS = re.compile(r"DATE|TIMESTAMP.*")
NESTED = re.compile(r"(STRUCT|MAP|UNION)\(.*|.*\]")
NO_HEADER = re.compile(r"column\d+")  # what DuckDB calls columns without one
FLOATS = {"FLOAT", "DOUBLE"}
BYTES, TEXT = "BLOB", "VARCHAR"
VECTORS_AT_ONCE = 10  # of 2,048 rows each

# Of the rows read, up to this share the rarer target is kept whole. A whole table of
# one in a thousand would else leave too few of it to learn from.
RARER_SHARE = 0.2
LARGEST_WEIGHT = 100  # figures count a row as often as this
NEGLIGIBLE = 0.01  # of a weight, which is whole


@dataclass(frozen=True)
class Form:
    """How a table is read, so that another one can be read the same way.

    Attributes
    ----------
    types : dict of str to str
        What DuckDB takes each column for.
    dates : dict of str to str
        What reads a date that is written as text, in SQL, see :mod:`dates`.
    """

    types: dict[str, str]
    dates: dict[str, str]


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
    dates : dict of str to str
        What reads a date that is written as text, in SQL, see :mod:`dates`.
    unsure : dict of str to tuple of str
        Columns of dates that may be read in more than one order: they stay text.
    """

    frame: pd.DataFrame
    row_number: pd.Series
    total: int
    query: str
    types: dict[str, str]
    weight: pd.Series | None = None
    dates: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        """How it was read."""
        return Form(self.types, self.dates)


def read_table(settings: Settings, request: Request) -> Table:
    """Read a table; where it is larger than the budget allows, a sample of its rows.

    Where the target takes two values, rows of the rarer one are read first. Else each
    row has the same chance.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    request : Request
        Names a file (CSV with any delimiter, or Parquet), a folder of Parquet files,
        or a table of the warehouse. What names rows stays as it is written.

    Raises
    ------
    UsageError
        There is no such file or table, or it can't be read.
    DataQualityError
        It has no rows.
    """
    as_text = request.names_of_rows
    with _open(settings, request, request.source, as_text=as_text) as opened:
        connection, relation = opened
        types = _describe(connection, relation)
        texts = [
            name for name, kind in types.items() if kind == TEXT and name not in as_text
        ]
        dates, unsure = prove_dates(connection, relation, texts)
        relation, types = _read_as(relation, types, dates, as_text)
        (total,) = connection.execute(f"select count(*) from {relation}").fetchone()
        limit = request.count_rows_at_most(len(types))
        target = request.target if request.target in types else None
        share, weight = _plan_thinning(
            connection, relation, target, limit / max(total, 1)
        )
        query = (
            f"select * from (select row_number() over () as {ROW_NUMBER}, "
            f"{weight} as {WEIGHT}, * from {relation}) "
            f"where hash({ROW_NUMBER}, {int(request.seed)}) % 1000000 "
            f"< {round(share * 1e6)} / {WEIGHT} order by {ROW_NUMBER}"
        )
        frame = connection.execute(query).df()
    _require_rows(request.source, types, len(frame))
    row_number, weight = frame.pop(ROW_NUMBER), frame.pop(WEIGHT)
    return Table(frame, row_number, total, query, types, weight, dates, unsure)


def _describe(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    described = connection.execute(f"describe from {relation}").fetchall()
    return {name: kind for name, kind, *_ in described}


def _read_as(
    relation: str,
    types: dict[str, str],
    dates: dict[str, str],
    as_text: tuple[str, ...],
) -> tuple[str, dict[str, str]]:
    """Read dates as dates, and what names rows as it is written."""
    read = {name: form.format(trim(name)) for name, form in dates.items()}
    read |= {
        name: _write_text(name, types[name])
        for name in as_text
        if name in types and not NESTED.fullmatch(types[name])
    }
    # Bytes that are no text in UTF-8, written as DuckDB does.
    read |= {
        name: f"cast({quote(name)} as varchar)"
        for name, kind in types.items()
        if kind == BYTES
    }
    if not read:
        return relation, types
    replaced = ", ".join(f"{each} as {quote(name)}" for name, each in read.items())
    kinds = types | dict.fromkeys(read, TEXT) | dict.fromkeys(dates, "TIMESTAMP")
    return f"(select * replace ({replaced}) from {relation})", kinds


def _write_text(name: str, kind: str) -> str:
    column = quote(name)
    if kind == TEXT:
        return trim(name)
    if kind in FLOATS:
        return (
            f"if({column} = floor({column}) and abs({column}) < 9e15, "
            f"cast(cast({column} as bigint) as varchar), cast({column} as varchar))"
        )
    return f"cast({column} as varchar)"


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
    name = quote(target)
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


def read_like(settings: Settings, request: Request, known: Table) -> Table:
    """Read the file of rows to predict, each column as the type it was learnt in.

    By itself, a file of rows to predict may look different: without the one "unknown",
    a column of yes and no is taken for true and false.

    Parameters
    ----------
    settings : Settings
        Says how many threads to use.
    request : Request
        Names the file.
    known : Table
        Learnt from. A column that it has not keeps its own type.

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
    source, as_text = str(request.test), request.names_of_rows
    with _open(settings, request, source, as_text=None) as opened:
        connection, relation = opened
        own = _describe(connection, relation)
        types = {name: known.types.get(name, kind) for name, kind in own.items()}
        listed = _list_like(own, list(own), known.form, as_text)
        query = (
            f"select row_number() over () as {ROW_NUMBER}, {listed} "
            f"from {relation} order by {ROW_NUMBER}"
        )
        frame = connection.execute(query).df()
    _require_rows(source, types, len(frame))
    for name, kind in types.items():
        if NUMBERS.fullmatch(kind) and own[name] == TEXT and name not in as_text:
            frame[name] = read_numbers(frame[name])
    return Table(frame, frame.pop(ROW_NUMBER), len(frame), query, types)


class Rows:
    """A table that is read in parts, each column as the type it was learnt in.

    Attributes
    ----------
    names : list of str
        All columns of it.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        relation: str,
        form: Form,
        as_text: tuple[str, ...],
    ) -> None:
        self._connection, self._relation = connection, relation
        self._form, self._as_text = form, as_text
        self._own = _describe(connection, relation)
        self.names = list(self._own)

    def read(
        self, names: list[str], numbers: set[str], size: int
    ) -> Iterator[pd.DataFrame]:
        """Read some columns, in the order of the rows.

        Parameters
        ----------
        names : list of str
        numbers : set of str
            Those that are numbers, also where they are written as text.
        size : int
            Rows of each part; the last has what is left.

        Yields
        ------
        DataFrame of shape (n_rows, n_columns)
            Never all of a large table is in memory.
        """
        listed = _list_like(self._own, names, self._form, self._as_text)
        query = f"select {listed} from {self._relation}"
        kinds = _describe(self._connection, f"({query})")
        texts = [name for name in names if name in numbers and kinds[name] == TEXT]
        marks = {name: self._find_mark(name, query) for name in texts}
        for part in _fetch(self._connection, query, size):
            for name, mark in marks.items():
                part[name] = read_numbers(part[name], mark)
            yield part

    def _find_mark(self, name: str, query: str) -> str:
        """Find what the whole column proves of its decimal mark."""
        column = quote(name)
        (plain,) = self._connection.execute(
            f"select bool_and(try_cast({column} as double) is not null) "
            f"from ({query}) where {column} is not null"
        ).fetchone()
        if plain or plain is None:
            return "."
        proved = np.zeros(3, dtype=bool)
        for part in _fetch(self._connection, f"select {column} from ({query})"):
            proved |= find_marks(part[name])
        return choose_mark(proved)


def _fetch(
    connection: duckdb.DuckDBPyConnection, query: str, size: int | None = None
) -> Iterator[pd.DataFrame]:
    """Give a result in parts of a size, or as DuckDB cuts it."""
    connection.execute(query)
    kept, count = [], 0
    while len(part := connection.fetch_df_chunk(VECTORS_AT_ONCE)):
        if size is None:
            yield part
            continue
        kept.append(part)
        count += len(part)
        if count >= size:
            joined = pd.concat(kept, ignore_index=True)
            for at in range(0, count - count % size, size):
                yield joined.iloc[at : at + size].reset_index(drop=True)
            kept, count = [joined.iloc[count - count % size :]], count % size
    if count:
        yield pd.concat(kept, ignore_index=True)


@contextmanager
def open_like(settings: Settings, request: Request, form: Form) -> Iterator[Rows]:
    """Open the file of rows to predict, to be read in parts as :func:`read_like` does.

    Raises
    ------
    UsageError
        There is no such file or table, or it can't be read.
    """
    with _open(settings, request, str(request.test), as_text=None) as opened:
        yield Rows(*opened, form, request.names_of_rows)


def _list_like(
    own: dict[str, str], names: list[str], form: Form, as_text: tuple[str, ...]
) -> str:
    """List columns in SQL, each as the type it was learnt in."""
    return ", ".join(
        f"{_write_text(name, own[name])} as {quote(name)}"
        if name in as_text
        else f"{_cast(name, own[name], form.types.get(name, own[name]), date)} "
        f"as {quote(name)}"
        for name in names
        for date in [form.dates.get(name)]
    )


def _require_rows(source: str, types: dict[str, str], total: int) -> None:
    # A header and nothing else is taken for the only row of a file without one.
    is_header_only = total == 1 and all(map(NO_HEADER.fullmatch, types))
    if total == 0 or is_header_only:
        msg = f"{source} has no rows, so there is nothing to mine. Give it some."
        raise DataQualityError(msg)


def _cast(name: str, own: str, wanted: str, date: str | None) -> str:
    column, text = quote(name), f"cast({quote(name)} as varchar)"
    if own == wanted:
        return column
    if NUMBERS.fullmatch(wanted):
        is_number = NUMBERS.fullmatch(own) or own == "BOOLEAN"
        return column if is_number else text
    if MOMENTS.fullmatch(wanted):
        tries = [f"try_cast({date.format(text)} as {wanted})"] if date else []
        return f"coalesce({', '.join([*tries, f'try_cast({column} as {wanted})'])})"
    if wanted == "BOOLEAN":
        return f"try_cast({column} as boolean)"
    return text


@contextmanager
def _open(
    settings: Settings,
    request: Request,
    source: str,
    *,
    as_text: tuple[str, ...] | None,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection and what to read from, for as long as the block lasts.

    What ``as_text`` names stays as it is written; None leaves all columns text.
    """
    path = Path(source)
    if not path.exists():
        with _find_table(settings, source) as found:
            yield found
        return
    with open_source(path, request.encoding) as file, duckdb.connect() as connection:
        connection.execute(f"set threads = {settings.threads}; set timezone = 'UTC'")
        try:
            yield connection, _to_relation(connection, file, as_text)
        except duckdb.Error as error:
            # DuckDB's own message may quote a row.
            fault = file.find_fault(connection) or (
                f"it can't be read as a table ({type(error).__name__})"
            )
            msg = f"{source}: {fault}, so nothing was mined. Correct it."
            raise UsageError(msg) from None


def _to_relation(
    connection: duckdb.DuckDBPyConnection,
    file: Source,
    as_text: tuple[str, ...] | None,
) -> str:
    relation = file.write_relation(as_text=as_text is None)
    if file.parquet and not _is_utf8(connection, relation):
        return file.write_relation(are_bytes=True)
    if file.text and as_text:
        return file.write_as_written(_describe(connection, relation), as_text)
    return relation


def _is_utf8(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether all bytes of a Parquet file are text."""
    types = _describe(connection, relation)
    texts = [quote(name) for name, kind in types.items() if kind == TEXT]
    if not texts:
        return True
    try:
        counted = ", ".join(f"max(length({name}))" for name in texts)
        connection.execute(f"select {counted} from {relation}").fetchone()
    except duckdb.InvalidInputException:
        return False
    return True


@contextmanager
def _find_table(
    settings: Settings, source: str
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
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
        try:
            yield connection, ".".join(quote(part) for part in found[0])
        except duckdb.Error as error:
            msg = (
                f"{source} can't be read ({type(error).__name__}), so nothing was "
                "mined. Build the marts again with `crm build`."
            )
            raise UsageError(msg) from None
