"""Identifiers on their way to the vault: trimmed, checked, and each of them once."""

import duckdb

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest
from pipelines.foundation.vault import Vault
from pipelines.information.ingest.check_digits import find_false
from pipelines.information.ingest.identifier_forms import is_damaged, list_forms
from pipelines.information.ingest.scan import (
    Source,
    UnreadableError,
    forget_rejects,
)
from pipelines.information.ingest.written import may_be_misread

FALSE_IDENTIFIERS = """
create or replace temp table false_identifiers (kind varchar, pseudonym varchar)
"""


def store_pseudonyms(
    connection: duckdb.DuckDBPyConnection, vault: Vault, sources: list[Source]
) -> bool:
    """Fill ``pseudonyms`` for every identifier in the files, each once.

    Returns
    -------
    bool
        Whether a value may be read as another than is written, which DuckDB would do
        without a word.
    """
    contract = sources[0].delivery.contract
    verb = "create or replace temp table written_identifiers as"
    for source in sources:
        try:
            connection.execute(f"{verb} {_list_identifiers(source)}", source.values)
        except duckdb.InvalidInputException:
            # Its message quotes what could not be read.
            raise UnreadableError(source.number) from None
        forget_rejects(connection)
        verb = "insert into written_identifiers"
    day = sources[0].delivery.manifest.extracted_at.date()
    # The form is found of the few distinct values, not of every row.
    forms = list_forms(
        "select distinct kind, written from written_identifiers where kind is not null",
        day,
    )
    vault.store_pseudonyms(forms)
    # A word for nothing has been seen, and stands for nobody.
    connection.execute(f"""
        insert into pseudonyms by name
        select kind, written from ({forms}) where identifier is null
    """)
    connection.execute(f"""
        create or replace temp table damaged_identifiers as
        select distinct kind, pseudonym from pseudonyms
        where {is_damaged("kind", "identifier")}
    """)
    _find_false_identifiers(connection, contract)
    (may_be_rounded,) = connection.execute(
        "select exists(from written_identifiers where kind is null)"
    ).fetchone()
    return may_be_rounded


def _list_identifiers(source: Source) -> str:
    """Write the query that finds a file's identifiers, each once in a column.

    One pass over the file finds the distinct values of every column, and whether a
    value may be misread: that is a line without a kind.
    """
    contract = source.delivery.contract
    names = [column.name for column in contract.identifiers] + ["is_long"]
    columns = " union all ".join(
        f"select '{column.identifier}', {column.name} "
        f"from found where {column.name} is not null"
        for column in contract.identifiers
    )
    return f"""
        with found as materialized (
            select {", ".join(names)}
            from (
                select
                    *,
                    {_may_be_misread(contract, source.delivery.manifest)} as is_long
                from {source.scan(types="text")}
            )
            group by grouping sets ({", ".join(f"({name})" for name in names)})
        )
        select null::varchar as kind, null::varchar as written from found where is_long
        {f"union all {columns}" if columns else ""}
    """


def _find_false_identifiers(
    connection: duckdb.DuckDBPyConnection, contract: Contract
) -> None:
    """Fill ``false_identifiers`` with those whose check digit is another."""
    columns = [column for column in contract.identifiers if column.check_digit]
    if columns:
        connection.execute(FALSE_IDENTIFIERS)
    for column in columns:
        find_false(connection, column.identifier, column.check_digit)


def _may_be_misread(contract: Contract, manifest: Manifest) -> str:
    """Write the cheap test that sends a file to the exact one."""
    tests = (may_be_misread(column, manifest.decimal) for column in contract.columns)
    return " or ".join(filter(None, tests)) or "false"
