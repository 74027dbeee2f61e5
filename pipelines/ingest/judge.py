"""What is wrong with which row, and which rows say again what another one said."""

from datetime import datetime

import duckdb

from pipelines.contracts import Contract
from pipelines.deliveries import Manifest

# What is wrong with which row. A row that could not be read has no record number. Lines
# count records, the header being the first: behind a quoted line break the file's own
# numbers are higher.
FAULTS = """
create or replace temp table faults (
    file_number integer, line_number bigint, record_number bigint,
    column_name varchar, reason varchar, raw_text varchar
);
"""


def find_faults(
    connection: duckdb.DuckDBPyConnection, contract: Contract, extracted_at: datetime
) -> None:
    """Add to ``faults`` every rule of the contract that an incoming row breaks."""
    rules = _rules(contract, extracted_at)
    found = ", ".join(
        f"case when {broken} "
        f"then {{'column_name': '{column}', 'reason': '{reason}'}} end"
        for column, reason, broken in rules
    )
    connection.execute(f"""
        insert into faults
        select
            file_number, null, record_number,
            fault.column_name, fault.reason, {_raw_text(contract)}
        from (
            select *, unnest([{found}]) as fault
            from incoming
            where {" or ".join(f"({broken})" for _, _, broken in rules)}
        )
        where fault is not null
    """)


def find_repeated(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """List in ``repeated`` the rows of ``prepared`` that need no second place.

    Of rows that are equal to the letter, the first counts. Rows that share a key and
    differ are all at fault, for nobody can say which is right. What another delivery
    said is repeated, too, unless that one is of the same business date: then this is a
    restatement, which replaces it, so what both say has to be there twice.
    """
    keys, happened = ", ".join(contract.keys), contract.happened.name
    connection.execute(f"""
        create or replace temp table repeated_keys as
        select {keys}, count(distinct row_hash) > 1 as is_conflict
        from prepared
        group by {keys} having count(*) > 1
    """)
    connection.execute(
        f"""
        create or replace temp table repeated as
        select file_number, record_number from (
            select
                file_number, record_number,
                row_number() over (
                    partition by {keys} order by file_number, record_number
                ) as occurrence
            from prepared
            semi join (from repeated_keys where not is_conflict) using ({keys})
        ) where occurrence > 1
        union
        select file_number, record_number from prepared
        semi join (
            select row_hash, {keys} from raw.{contract.source}
            where {happened} between (select min({happened}) from prepared)
                and (select max({happened}) from prepared)
                and delivery_id not in (
                    select delivery_id from ops.deliveries
                    where source = $source and business_date = $business_date
                )
        ) using (row_hash, {keys})
        """,
        {"source": manifest.source, "business_date": manifest.business_date},
    )
    connection.execute(f"""
        insert into faults
        select
            file_number, null, record_number,
            '{contract.keys[0]}', 'key_conflict', {_raw_text(contract)}
        from incoming
        semi join (
            select file_number, record_number from prepared
            semi join (from repeated_keys where is_conflict) using ({keys})
        ) using (file_number, record_number)
    """)


def number_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each fault its line: the header and unreadable rows count, too."""
    connection.execute("""
        create or replace temp table unreadable as
        select
            file_number,
            line_number - 1 - row_number() over (
                partition by file_number order by line_number
            ) as records_before
        from (
            select distinct file_number, line_number from faults
            where record_number is null
        );
        update faults set line_number = record_number + 1 + (
            select count(*) from unreadable
            where unreadable.file_number = faults.file_number
                and unreadable.records_before < faults.record_number
        )
        where record_number is not null
    """)


def _rules(contract: Contract, extracted_at: datetime) -> list[tuple[str, str, str]]:
    """List column, reason and condition in SQL of all that may be wrong with a row."""
    rules = []
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
            latest = f"cast('{extracted_at:%Y-%m-%d %H:%M:%S}' as {column.data_type})"
            rules.append((name, "happened_after_extraction", f"{name} > {latest}"))
    if contract.requires_one_of:
        empty = " and ".join(f"{name} is null" for name in contract.requires_one_of)
        rules.append((contract.requires_one_of[0], "missing", empty))
    return rules


def _raw_text(contract: Contract) -> str:
    """Write a typed row as CSV again, each value quoted and none as nothing."""
    values = ", ".join(
        f"""coalesce('"' || replace(cast({name} as varchar), '"', '""') || '"', '')"""
        for name in contract.names
    )
    return f"concat_ws(',', {values})"
