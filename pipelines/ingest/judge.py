"""What is wrong with which row, and which rows say again what another one said.

Judges the rows of one delivery where they lie, in ``raw``, inside the transaction that
put them there. DuckDB numbers rows in the order in which they were written.
"""

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from pipelines.contracts import Contract
from pipelines.deliveries import Manifest, in_utc

# `row` is the row's number in `raw`, null for one that could not be read. Lines count
# records, the header being the first: behind a quoted line break the file's own numbers
# are higher.
TABLES = """
create or replace temp table files (file_number integer, row_count bigint);
create or replace temp table faults (
    file_number integer, line_number bigint, row bigint,
    column_name varchar, reason varchar, raw_text varchar
);
create or replace temp table repeated (row bigint);
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
    first, last : date or datetime or None
        When the first and the last row happened.
    totals : dict of str to Decimal
        Sums of the columns that have a control total.
    """

    rows: int
    rows_hash: str
    broken: int
    first: object
    last: object
    totals: dict[str, Decimal]


def measure(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> Facts:
    """Count, add up and compare with the contract's rules, all in one pass."""
    broken = " or ".join(f"({rule})" for _, _, rule in _rules(contract, manifest))
    happened = contract.happened.name
    sums = "".join(f", coalesce(sum({name}), 0)" for name in contract.control_totals)
    row = connection.execute(
        f"""
            select
                count(*), cast(coalesce(sum(row_hash), 0) as varchar),
                count(*) filter ({broken}), min({happened}), max({happened}) {sums}
            from raw.{contract.source} where delivery_id = ?
            """,
        [manifest.delivery_id],
    ).fetchone()
    return Facts(*row[:5], dict(zip(contract.control_totals, row[5:], strict=True)))


def find_faulty(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    facts: Facts,
) -> bool:
    """Fill ``faults`` and ``repeated``, and say whether there is anything in them."""
    if facts.broken:
        _find_broken(connection, contract, manifest)
    _find_conflicts(connection, contract, manifest)
    _find_said_before(connection, contract, manifest, facts)
    faults, repeated = connection.execute("""
        select (select count(*) from faults), (select count(*) from repeated)
    """).fetchone()
    if faults:
        _describe(connection, contract, manifest)
    return bool(faults or repeated)


def _find_broken(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """Add to ``faults`` every rule of the contract that a row breaks."""
    rules = _rules(contract, manifest)
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
            where delivery_id = ?
        )
        where fault is not null
        """,
        [manifest.delivery_id],
    )


def _find_conflicts(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """List in ``repeated`` the rows that were said before, in ``faults`` what clashes.

    Of rows that are equal to the letter, the first counts. Rows that share a key and
    differ are all at fault, for nobody can say which is right.
    """
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    # Almost always there are none, and a hash is much cheaper to group by than the key.
    suspects = connection.execute(
        f"""
        select hash({keys}) as key_hash from {table} where delivery_id = ?
        group by key_hash having count(*) > 1
        """,
        [manifest.delivery_id],
    ).fetchall()
    if not suspects:
        return
    connection.execute(
        f"""
        create or replace temp table suspected as
        select
            rowid as row,
            row_number() over (partition by {keys} order by rowid) as occurrence,
            min(row_hash) over (partition by {keys})
                != max(row_hash) over (partition by {keys}) as is_conflict
        from {table}
        where delivery_id = ? and hash({keys}) in (select unnest(?))
        """,
        [manifest.delivery_id, [key_hash for (key_hash,) in suspects]],
    )
    connection.execute("""
        insert into repeated
        select row from suspected where occurrence > 1 and not is_conflict
    """)
    connection.execute(
        """
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from suspected where is_conflict
        """,
        [contract.keys[0]],
    )


def _find_said_before(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    facts: Facts,
) -> None:
    """List in ``repeated`` what others have said, in ``faults`` what clashes with it.

    The delivery that came first keeps its row. One of the same business date does not
    count: this is then a restatement, which replaces it, so what both say has to be
    there twice.
    """
    table, happened = f"raw.{contract.source}", contract.happened.name
    key_hash = f"hash({', '.join(contract.keys)})"
    connection.execute(
        f"""
        create or replace temp table said_before as
        select said.row, bool_or(said.row_hash = earlier.row_hash) as is_same
        from (
            select rowid as row, row_hash, {key_hash} as key_hash from {table}
            where delivery_id = $delivery_id
        ) as said
        inner join (
            select row_hash, {key_hash} as key_hash from {table}
            where {happened} between $first and $last and delivery_id not in (
                select $delivery_id
                union all
                select delivery_id from ops.deliveries
                where source = $source and business_date = $business_date
            )
        ) as earlier
            on said.key_hash = earlier.key_hash
        group by said.row
        """,
        {
            "delivery_id": manifest.delivery_id,
            "first": facts.first,
            "last": facts.last,
            "source": manifest.source,
            "business_date": manifest.business_date,
        },
    )
    connection.execute("insert into repeated select row from said_before where is_same")
    connection.execute(
        """
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from said_before where not is_same
        """,
        [contract.keys[0]],
    )


def _describe(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """Give each fault its file, its line, and the row's text with real identifiers."""
    connection.execute(f"""
        update faults set raw_text = texts.raw_text
        from ({_raw_texts(contract)}) as texts
        where faults.row = texts.row
    """)
    connection.execute(
        f"""
        create or replace temp table file_rows as
        select
            file_number,
            first_row + sum(row_count) over (order by file_number) - row_count as first,
            first_row + sum(row_count) over (order by file_number) as next
        from files, (
            select min(rowid) as first_row from raw.{contract.source}
            where delivery_id = ?
        )
        """,
        [manifest.delivery_id],
    )
    connection.execute("""
        update faults set file_number = file_rows.file_number
        from file_rows
        where faults.row >= file_rows.first and faults.row < file_rows.next
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
        );
        update faults set line_number = faults.row - file_rows.first + 2 + (
            select count(*) from unreadable
            where unreadable.file_number = faults.file_number
                and unreadable.records_before <= faults.row - file_rows.first
        )
        from file_rows
        where faults.file_number = file_rows.file_number and faults.row is not null
    """)


def _rules(contract: Contract, manifest: Manifest) -> list[tuple[str, str, str]]:
    """List column, reason and condition in SQL of all that may be wrong with a row."""
    rules = []
    extracted_at = f"{in_utc(manifest.extracted_at):%Y-%m-%d %H:%M:%S}"
    for column in contract.columns:
        name = column.name
        if column.is_required:
            rules.append((name, "missing", f"{name} is null"))
        if column.accepted_values:
            accepted = ", ".join(f"'{value}'" for value in column.accepted_values)
            rules.append((name, "not_accepted", f"{name} not in ({accepted})"))
        if column.limits:
            low, high = (f"cast('{v}' as {column.data_type})" for v in column.limits)
            rules.append((name, "out_of_range", f"{name} not between {low} and {high}"))
        if column.is_happened:
            latest = f"cast(timestamp '{extracted_at}' as {column.data_type})"
            rules.append((name, "happened_after_extraction", f"{name} > {latest}"))
    if contract.requires_one_of:
        empty = " and ".join(f"{name} is null" for name in contract.requires_one_of)
        rules.append((contract.requires_one_of[0], "missing", empty))
    return rules


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
