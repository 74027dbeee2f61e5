"""Read a delivery's files with DuckDB, as bare text or typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import Column, Contract
from pipelines.information.ingest import written
from pipelines.information.ingest.check import CheckedDelivery

# A longer line is no customer's doing: a quote was left open, or somebody tries us.
LONGEST_LINE_BYTES = 100_000
BUFFER_BYTES = 8_000_000


class UnreadableError(Exception):
    """DuckDB can't tell where a row of a file ends. Says the file's number, no more."""


@dataclass(frozen=True)
class Source:
    """One file of a delivery, ready for DuckDB.

    ``row_count`` is how many of its rows could be read, once they are inserted.
    ``others`` are files of other deliveries that have the same form, to be read with
    it; a row's own is then in the column ``delivered_in``.
    """

    delivery: CheckedDelivery
    number: int
    path: Path
    row_count: int | None = None
    others: tuple[Path, ...] = ()

    @property
    def values(self) -> dict[str, str | list[str]]:
        """Parameters of every scan."""
        manifest = self.delivery.manifest
        return {
            "path": [str(path) for path in (self.path, *self.others)],
            "delimiter": manifest.delimiter,
            "decimal": manifest.decimal,
        }

    def scan(self, *, types: str) -> str:
        """Write the scan of the file.

        Not with ``ignore_errors``, which in DuckDB 2.0 also leaves out every row behind
        one with text after a closing quote.

        Parameters
        ----------
        types : {"text", "contract"}
            What columns are read as.
        """
        known = {column.name: column for column in self.delivery.contract.columns}
        columns = ", ".join(
            f"'{name or f'added_{place}'}': "
            f"'{_read_type(known[name], types) if name else 'varchar'}'"
            for place, name in enumerate(self.delivery.headers[self.number - 1])
        )
        place = "filename = 'delivered_in'," if self.others else ""
        return f"""
            read_csv(
                $path, columns = {{{columns}}}, delim = $delimiter, {place}
                header = true, auto_detect = false, quote = '"', escape = '"',
                strict_mode = true, decimal_separator = $decimal, store_rejects = true,
                max_line_size = {LONGEST_LINE_BYTES}, buffer_size = {BUFFER_BYTES},
                rejects_table = 'reject_errors', rejects_scan = 'reject_scans'
            )
        """


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    together: Sequence[CheckedDelivery] = (),
) -> tuple[Source, int]:
    """Write a file's rows to ``raw``; what can't be read becomes a fault.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has the temporary tables ``pseudonyms`` and ``faults``.
    source : Source
        The file.
    together : sequence of CheckedDelivery, optional
        The deliveries, of one file each, that ``source`` has the files of.

    Returns
    -------
    tuple of Source and int
        The file with its ``row_count``, and the rows it holds, readable or not.

    Raises
    ------
    UnreadableError
        DuckDB can't tell where a row ends.
    """
    contract = source.delivery.contract
    values, joins, all_found = _replace_identifiers(contract)
    origin, origins, where_from = _write_origin(source, together)
    try:
        ((row_count,),) = _stream(
            connection,
            f"""
            insert into raw.{contract.source} by name
            select *, hash({", ".join(contract.names)}) as row_hash
            from (
                select {values}, {origin}
                from {source.scan(types="contract")} as delivered {joins} {origins}
                where {all_found}
            )
            """,
            source.values | where_from,
        )
    except duckdb.InvalidInputException:
        # DuckDB quotes the row in its message, so the message goes no further.
        raise UnreadableError(source.number) from None
    unreadable = _move_rejects(connection, source.number)
    return replace(source, row_count=row_count), row_count + unreadable


def _write_origin(
    source: Source, together: Sequence[CheckedDelivery]
) -> tuple[str, str, dict]:
    """Write which delivery a row is of, the join that this needs, and their values."""
    if not together:
        manifest = source.delivery.manifest
        return (
            "$delivery_id as delivery_id, $known_at as known_at",
            "",
            {"delivery_id": manifest.delivery_id, "known_at": manifest.known_at},
        )
    return (
        "origins.delivery_id, origins.known_at",
        """
        inner join (
            select
                unnest($path) as path, unnest($ids) as delivery_id,
                unnest($moments) as known_at
        ) as origins on origins.path = delivered.delivered_in
        """,
        {
            "ids": [delivery.manifest.delivery_id for delivery in together],
            "moments": [delivery.manifest.known_at for delivery in together],
        },
    )


def number_rows(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> None:
    """Fill ``files`` with which rows of ``raw`` came from which file.

    DuckDB numbers the rows of one transaction without a gap, file by file. Those that
    count from a later day on have another ``known_at`` than their delivery.
    """
    manifest = sources[0].delivery.manifest
    (first,) = connection.execute(
        f"""
        select coalesce(min(rowid), 0) from raw.{manifest.source}
        where delivery_id = ? and known_at >= ?
        """,
        [manifest.delivery_id, manifest.known_at],
    ).fetchone()
    connection.execute("""
        create or replace temp table files (
            file_number integer, first_row bigint, row_count bigint
        )
    """)
    counts = [source.row_count for source in sources]
    begins = accumulate(counts[:-1], initial=first)
    connection.executemany(
        "insert into files values (?, ?, ?)",
        [
            (source.number, begin, source.row_count)
            for source, begin in zip(sources, begins, strict=True)
        ],
    )


def find_rounded(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> None:
    """Make faults of the rows that were rounded, cut or guessed when they were read.

    Their text is kept as well, for in ``raw`` it is no longer what was delivered.
    """
    number_rows(connection, sources)
    for source in sources:
        _find_rounded(connection, source)


def _find_rounded(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    contract, point = source.delivery.contract, source.delivery.manifest.decimal
    texts = ", ".join(
        f"coalesce({quote(written.as_number(c, point))}, '')" for c in contract.columns
    )
    found = ", ".join(
        f"{{'name': '{column.name}', 'reason': {why}}}"
        for column in contract.columns
        if (why := written.why_misread(column, point))
    )
    # Rows that the contract's types can't hold are faults already, and have no number.
    tests = (written.is_readable(column, point) for column in contract.columns)
    readable = " and ".join(filter(None, tests))
    connection.execute(
        f"""
        create or replace temp table rounded as
        select
            record,
            list_filter([{found}], lambda fault: fault.reason is not null) as misread,
            concat_ws(',', {texts}) as raw_text
        from (
            select *, row_number() over () as record
            from {source.scan(types="text")} where {readable}
        )
        where len(misread) > 0
        """,
        source.values,
    )
    forget_rejects(connection)
    (row_count,) = connection.execute("select count(*) from rounded").fetchone()
    if not row_count:
        return
    (row_count,) = connection.execute(
        f"select count(*) from {source.scan(types='text')} where {readable}",
        source.values,
    ).fetchone()
    forget_rejects(connection)
    # Better no delivery than a fault that is another row's.
    if row_count != source.row_count:
        raise UnreadableError(source.number)
    find_places(
        connection,
        source,
        "select row_hash from numbered where record in (select record from rounded)",
    )
    connection.execute("""
        insert into exact_texts
        select row, raw_text from rounded inner join places using (record);
        insert into faults (row, column_name, reason)
        select row, fault.name, fault.reason
        from (
            select row, unnest(misread) as fault
            from rounded inner join places using (record)
        );
    """)


def find_places(
    connection: duckdb.DuckDBPyConnection, source: Source, hashes: str
) -> None:
    """Find which record of a file has become which row, into ``places``.

    Several threads have joined the rows with their pseudonyms and written them in any
    order, but one that only reads and counts keeps the file's. Rows of one hash are
    equal, so that it makes no difference which of them is which.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The file was inserted in its transaction.
    source : Source
        The file.
    hashes : str
        Selects the ``row_hash`` of those asked for; may select them from ``numbered``.
    """
    contract = source.delivery.contract
    values, joins, _ = _replace_identifiers(contract)
    table = f"raw.{contract.source}"
    _stream(
        connection,
        f"""
        create or replace temp table places as
        with numbered as materialized (
            select record, hash({", ".join(contract.names)}) as row_hash
            from (
                select record, {values}
                from (
                    select *, row_number() over () as record
                    from {source.scan(types="contract")}
                ) as delivered {joins}
            )
        ),
        asked as (select distinct row_hash from ({hashes})),
        written as (
            select
                rowid as row, row_hash,
                row_number() over (partition by row_hash order by rowid) as occurrence
            from {table}
            where row_hash in (from asked) and rowid between (
                select first_row from files where file_number = $number
            ) and (
                select first_row + row_count - 1 from files
                where file_number = $number
            )
        ),
        read as (
            select
                record, row_hash,
                row_number() over (partition by row_hash order by record) as occurrence
            from numbered where row_hash in (from asked)
        )
        select row, record from written inner join read using (row_hash, occurrence)
        """,
        source.values | {"number": source.number},
    )
    forget_rejects(connection)


def forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the next scan from adding its rejects to the last one's."""
    connection.execute("drop table reject_errors; drop table reject_scans")


def quote(expression: str) -> str:
    """Write a value as a quoted cell of CSV."""
    return f"'\"' || replace(cast({expression} as varchar), '\"', '\"\"') || '\"'"


def _stream(connection: duckdb.DuckDBPyConnection, query: str, values: dict) -> list:
    """Run a query that joins a file with its pseudonyms, row by row.

    DuckDB does not know how large a file is, and might gather all of it first. Who
    catches an error resets the setting.
    """
    connection.execute("set disabled_optimizers = 'build_side_probe_side'")
    rows = connection.execute(query, values).fetchall()
    connection.execute("reset disabled_optimizers")
    return rows


def _move_rejects(connection: duckdb.DuckDBPyConnection, file_number: int) -> int:
    (row_count,) = connection.execute("""
        select count(distinct line) from reject_errors
    """).fetchone()
    if row_count:
        connection.execute(
            """
            insert into faults
            select
                ?, line, null, column_name,
                if(error_type = 'LINE SIZE OVER MAXIMUM', 'too_long', 'unreadable'),
                csv_line
            from reject_errors
            """,
            [file_number],
        )
    forget_rejects(connection)
    return row_count


def _replace_identifiers(contract: Contract) -> tuple[str, str, str]:
    """Write the values of a row, the joins they need, and the test that those found."""
    values, joins, all_found = [], [], ["true"]
    for column in contract.columns:
        name = column.name
        if column.identifier:
            owners = f"pseudonyms_of_{name}"
            values.append(f"{owners}.pseudonym as {name}")
            # Better no delivery than a row that has silently lost whose it is. Asked
            # beside the value, for a value that may come from two places is copied.
            all_found.append(f"""
                case
                    when {owners}.written is not null then true
                    when delivered.{name} is null then true
                    else error('an identifier has no pseudonym')
                end
            """)
            joins.append(
                f"left join (from pseudonyms where kind = '{column.identifier}') "
                f"as {owners} on {owners}.written = delivered.{name}"
            )
        elif column.data_type == "timestamp":
            # The clock of a time zone is slow, and only infinity needs it.
            values.append(f"""
                coalesce(
                    make_timestamp(epoch_us(delivered.{name})),
                    delivered.{name} at time zone 'UTC'
                ) as {name}
            """)
        else:
            values.append(f"delivered.{name}")
    return ", ".join(values), " ".join(joins), " and ".join(all_found)


def _read_type(column: Column, types: str) -> str:
    if types == "text":
        return "varchar"
    return "timestamptz" if column.data_type == "timestamp" else column.data_type
