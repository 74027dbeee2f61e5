"""Identifiers on their way to the vault: trimmed, checked, and each of them once."""

import duckdb

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest
from pipelines.foundation.vault import Vault
from pipelines.information.ingest.scan import (
    Source,
    UnreadableError,
    forget_rejects,
    scale,
    trim,
)

# Of the identifier as a number, which is faster than taking its text apart: digits from
# the right, of which every second counts double, less 9 from 10 on.
LUHN_SUM = " + ".join(
    f"{digit} * 2 - if({digit} > 4, 9, 0)" if place % 2 else digit
    for place in range(19)
    for digit in [f"number // {10**place} % 10"]
)
CHECK_DIGITS = {
    "luhn": f"""
        case when regexp_full_match(identifier, '[0-9]{{12,19}}')
        then ({LUHN_SUM}) % 10 = 0 else true end
    """,
    "iso7064": """
        case when regexp_full_match(identifier, '[0-9]{17}[0-9X]') then list_sum(
            list_transform(range(1, 19), lambda place:
                coalesce(try_cast(substr(identifier, place, 1) as integer), 10)
                * (1 << (18 - place))
            )
        ) % 11 = 1 else true end
    """,
}


def store_pseudonyms(
    connection: duckdb.DuckDBPyConnection, vault: Vault, sources: list[Source]
) -> bool:
    """Fill ``pseudonyms`` for every identifier in the files, each once.

    Returns
    -------
    bool
        Whether an amount may have more decimal places than its contract's type, which
        DuckDB would round without a word.
    """
    contract = sources[0].delivery.contract
    columns = contract.identifiers
    names = ", ".join([*(column.name for column in columns), "is_long"])
    sets = ", ".join([*(f"({column.name})" for column in columns), "(is_long)"])
    verb = "create or replace temp table identifiers as"
    for source in sources:
        # One pass over the file finds the distinct values of every column.
        try:
            connection.execute(
                f"""
                {verb} select {names}
                from (
                    select
                        *,
                        {_may_be_rounded(contract, source.delivery.manifest)} as is_long
                    from {source.scan(types="text")}
                )
                group by grouping sets ({sets})
                """,
                source.values,
            )
        except duckdb.InvalidInputException:
            # Its message quotes what could not be read.
            raise UnreadableError(source.number) from None
        forget_rejects(connection)
        verb = "insert into identifiers"
    # Blanks are looked for in the few distinct values, not in every row.
    written = " union ".join(
        f"select '{column.identifier}' as kind, {column.name} as written "
        f"from identifiers where {column.name} is not null"
        for column in columns
    )
    connection.execute(f"""
        create or replace temp table written_identifiers as
        select distinct kind, written, {trim("written")} as identifier
        from ({written})
    """)
    vault.store_pseudonyms("""
        select distinct kind, identifier from written_identifiers
        where identifier is not null
    """)
    connection.execute("""
        insert into pseudonyms by name
        select kind, written.written as identifier, made.pseudonym
        from written_identifiers as written
        inner join pseudonyms as made using (kind, identifier)
        where written.written != identifier
    """)
    _find_false_identifiers(connection, contract)
    (may_be_rounded,) = connection.execute(
        "select coalesce(bool_or(is_long), false) from identifiers"
    ).fetchone()
    return may_be_rounded


def _find_false_identifiers(
    connection: duckdb.DuckDBPyConnection, contract: Contract
) -> None:
    for column in contract.identifiers:
        if column.check_digit:
            connection.execute(
                f"""
                insert into false_identifiers
                select kind, pseudonym
                from (
                    select *, try_cast(identifier as ubigint) as number from pseudonyms
                )
                where kind = ? and not ({CHECK_DIGITS[column.check_digit]})
                """,
                [column.identifier],
            )


def _may_be_rounded(contract: Contract, manifest: Manifest) -> str:
    """Write the cheap test that sends a file to the exact one."""
    point = manifest.decimal
    # Most amounts have all their places, and to see that is cheapest.
    tests = [
        f"case when {c.name} like '%{point}{'_' * scale(c)}' then false else "
        f"instr({c.name}, '{point}') between 1 and "
        f"length({c.name}) - {scale(c)} - 1 or instr(lower({c.name}), 'e') end"
        for c in contract.columns
        if scale(c) is not None
    ]
    return " or ".join(tests) or "false"
