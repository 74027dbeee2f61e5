"""Rows of people who were erased: counted, and kept nowhere."""

import duckdb

from pipelines.foundation.contracts import Contract, load_contracts
from pipelines.foundation.deliveries import Manifest

REASON = "erased"
_ERASED_ROWS = f"select row from faults where reason = '{REASON}' and row is not null"


def find_erased(
    connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest
) -> None:
    """Add to ``faults`` the rows that name somebody who was erased.

    What may be somebody else's one day, as a telephone number, marks a row only in a
    delivery that was written out before the erasure.
    """
    for column in contract.identifiers:
        connection.execute(
            f"""
            insert into faults (row, column_name, reason)
            select rowid, ?, ? from raw.{contract.source}
            where delivery_id = ? and known_at = ? and {column.name} in (
                select pseudonym from erased_identifiers
                where kind = ? and (not expires or ?::timestamp <= erased_at)
            )
            """,
            [
                column.name,
                REASON,
                manifest.delivery_id,
                manifest.known_at,
                column.identifier,
                manifest.known_at,
            ],
        )


def find_orphans(
    connection: duckdb.DuckDBPyConnection, contract: Contract
) -> list[tuple[str, str]]:
    """Find the identifiers that no row but those of erased people has, by kind.

    The vault has to forget them again before the delivery is committed.
    """
    found = []
    for column in contract.identifiers:
        rows = connection.execute(
            f"""
            select distinct {column.name} from raw.{contract.source}
            where {column.name} is not null and rowid in ({_ERASED_ROWS})
            """
        ).fetchall()
        orphans = {value for (value,) in rows}
        for source, other in _list_columns(column.identifier):
            if not orphans:
                break
            here = "true" if source != contract.source else "false"
            kept = connection.execute(
                f"""
                select distinct {other} from raw.{source}
                where list_contains(?::varchar[], {other})
                    and ({here} or rowid not in ({_ERASED_ROWS}))
                """,
                [sorted(orphans)],
            ).fetchall()
            orphans -= {value for (value,) in kept}
        found += [(column.identifier, value) for value in sorted(orphans)]
    return found


def _list_columns(kind: str) -> list[tuple[str, str]]:
    return [
        (source, column.name)
        for source, contract in load_contracts().items()
        for column in contract.identifiers
        if column.identifier == kind
    ]
