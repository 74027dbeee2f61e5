"""What is wrong with which row, and which rows say again what another one said.

Judges the rows of one delivery where they lie, in ``raw``, inside the transaction that
put them there. DuckDB numbers the rows of a file without a gap. It skips the history by
``known_at``, of which it knows least and greatest; of a text such as ``delivery_id`` it
keeps eight bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest
from pipelines.information.ingest import (
    contested,
    erased,
)
from pipelines.information.ingest import (
    repeated_rows as repeats,
)
from pipelines.information.ingest.row_rules import list_rules
from pipelines.information.ingest.scan import Source, find_places, number_rows

# `row` is the row's number in `raw`, null for one that could not be read. Lines count
# records, the header being the first: behind a quoted line break the file's own numbers
# are higher.
TABLES = """
create or replace temp table faults (
    file_number integer, line_number bigint, row bigint,
    column_name varchar, reason varchar, raw_text varchar
);
create or replace temp table repeated (row bigint);
create or replace temp table exact_texts (row bigint, raw_text varchar);
create or replace temp table delayed (row bigint, since timestamp);
"""


@dataclass(frozen=True)
class Facts:
    """What one pass over a delivery's rows tells.

    Attributes
    ----------
    rows : int
        As many as could be read.
    rows_hash : str
        Sum of the rows' hashes.
    broken : int
        Rows that break a rule of the contract.
    unreadable : int
        Faults of rows that could not be read, or not be held exactly.
    erased : int
        Identifiers of people who were erased.
    damaged : int
        Identifiers that were damaged on their way.
    first, last : date or datetime or None
        When the first and the last row happened.
    totals : dict of str to Decimal
        Sums of the columns that have a control total.
    """

    rows: int
    rows_hash: str
    broken: int
    unreadable: int
    erased: int
    damaged: int
    first: object
    last: object
    totals: dict[str, Decimal]


def measure(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> Facts:
    """Count, add up and compare with the contract's rules, all in one pass."""
    row = connection.execute(
        f"""
        select {write_facts(contract)} from raw.{contract.source}
        where delivery_id = ? and known_at = ?
        """,
        [manifest.delivery_id, manifest.known_at],
    ).fetchone()
    return read_facts(contract, row)


def write_facts(contract: Contract) -> str:
    """Write what to select of a delivery's rows."""
    broken = " or ".join(f"({rule})" for _, _, rule in list_rules(contract))
    happened = contract.happened.name
    sums = "".join(f", coalesce(sum({name}), 0)" for name in contract.control_totals)
    return f"""
        count(*), cast(coalesce(sum(row_hash), 0) as varchar),
        count(*) filter ({broken}), (select count(*) from faults),
        (select count(*) from erased_identifiers),
        (select count(*) from damaged_identifiers),
        min({happened}), max({happened}) {sums}
    """


def read_facts(contract: Contract, row: tuple) -> Facts:
    """Read what ``write_facts`` selects."""
    return Facts(*row[:8], dict(zip(contract.control_totals, row[8:], strict=True)))


def find_faulty(
    connection: duckdb.DuckDBPyConnection,
    sources: list[Source],
    facts: Facts,
    *,
    landing: Path,
    beside: str | None = None,
    repaired_at: datetime | None = None,
) -> tuple[bool, list[str]]:
    """Fill ``faults`` and ``repeated``, and say whether there is anything in them.

    Rows that were repaired and are to join a delivery, ``beside``, are compared with
    its own as well. Given back are also the deliveries, of those in ``landing``, that
    are to be judged again after this one.
    """
    contract, manifest = sources[0].delivery.contract, sources[0].delivery.manifest
    if facts.broken:
        _find_broken(connection, contract, manifest)
    if facts.erased:
        erased.find_erased(connection, contract, manifest)
    if facts.damaged:
        _find_damaged(connection, contract, manifest)
    repeats.find_conflicts(connection, contract, manifest, facts.rows)
    if beside:
        repeats.find_beside(connection, contract, manifest, beside)
    period = (facts.first, facts.last)
    out_of_turn = contested.find_said_before(
        connection,
        contested.Judged(contract, manifest, period, landing, beside, repaired_at),
    )
    faults, repeated = connection.execute("""
        select (select count(*) from faults), (select count(*) from repeated)
    """).fetchone()
    if faults:
        _describe(connection, sources)
    return bool(faults or repeated), out_of_turn


def _find_broken(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """Add to ``faults`` every rule of the contract that a row breaks."""
    rules = list_rules(contract)
    found = ", ".join(
        f"case when {broken} "
        f"then {{'column_name': '{column}', 'reason': '{reason}'}} end"
        for column, reason, broken in rules
    )
    connection.execute(
        f"""
        insert into faults (row, column_name, reason)
        select row, fault.column_name, fault.reason
        from (
            select rowid as row, unnest([{found}]) as fault
            from raw.{contract.source}
            where delivery_id = ? and known_at = ?
        )
        where fault is not null
        """,
        [manifest.delivery_id, manifest.known_at],
    )


def _find_damaged(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """Add to ``faults`` the rows with an identifier that was damaged on its way."""
    for column in contract.identifiers:
        connection.execute(
            f"""
            insert into faults (row, column_name, reason)
            select rowid, ?, 'damaged' from raw.{contract.source}
            where delivery_id = ? and known_at = ? and {column.name} in (
                select pseudonym from damaged_identifiers where kind = ?
            )
            """,
            [
                column.name,
                manifest.delivery_id,
                manifest.known_at,
                column.identifier,
            ],
        )


def _describe(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> None:
    """Give each fault its file, its line, and the row's text with real identifiers."""
    number_rows(connection, sources)
    connection.execute(f"""
        update faults set raw_text = coalesce(
            (select raw_text from exact_texts where exact_texts.row = faults.row),
            texts.raw_text
        )
        from ({_raw_texts(sources[0].delivery.contract)}) as texts
        where faults.row = texts.row
    """)
    connection.execute("""
        update faults set file_number = files.file_number
        from files
        where faults.row >= first_row and faults.row < first_row + row_count
    """)
    connection.execute("""
        create or replace temp table unreadable as
        select
            file_number,
            line_number - 1 - row_number() over (
                partition by file_number order by line_number
            ) as records_before
        from (
            select distinct file_number, line_number from faults where row is null
        )
    """)
    numbers = connection.execute(
        "select distinct file_number from faults where row is not null"
    ).fetchall()
    for (number,) in numbers:
        _number_lines(connection, sources[number - 1])


def _number_lines(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Give the faults of a file their lines. What can't be read is a line, too."""
    find_places(
        connection,
        source,
        f"""
        select row_hash from raw.{source.delivery.contract.source}
        where rowid in (select row from faults where file_number = $number)
        """,
    )
    connection.execute(
        """
        update faults set line_number = record + 1 + (
            select count(*) from unreadable
            where unreadable.file_number = faults.file_number
                and records_before < record
        )
        from places
        where faults.row = places.row
        """
    )


def _raw_texts(contract: Contract) -> str:
    """Write faulty rows as CSV again, with real identifiers."""
    joins, texts = [], []
    for column in contract.columns:
        value = f"faulty.{column.name}"
        if column.identifier:
            owners = f"owners_of_{column.name}"
            joins.append(
                f"left join pseudonyms as {owners} on {owners}.kind = "
                f"'{column.identifier}' and {owners}.pseudonym = {value}"
            )
            value = f"{owners}.identifier"
        text = f"replace(cast({value} as varchar), '\"', '\"\"')"
        texts.append(f"coalesce('\"' || {text} || '\"', '')")
    return f"""
        select faulty.row, concat_ws(',', {", ".join(texts)}) as raw_text
        from (
            select rowid as row, * from raw.{contract.source}
            where rowid in (select row from faults)
        ) as faulty
        {" ".join(joins)}
    """
