"""Which values stand for one person and for nobody else."""

import re
from dataclasses import dataclass
from functools import cached_property

import duckdb

from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.errors import UsageError

# What a person is known by. It is given out once, so its tombstone never expires.
OWN_KINDS = ("customer", "account", "card", "login", "document")
# What somebody else may be given one day. Its tombstone stops older deliveries only.
LENT_KINDS = ("phone", "email")
PROSPECT = "prospect"
# A reference to somebody in another person's row is blanked; the row stays.
REFERENCES = {"partner": ("referrer_number",)}


@dataclass(frozen=True)
class Person:
    """Somebody who is to be erased.

    Attributes
    ----------
    erasure_id : str
        Says nothing about who it is.
    pseudonyms : dict of str to set of str
        By kind of identifier; those that nobody else shares.
    values : list of str
        The real values behind them, as the vault has them.
    """

    erasure_id: str
    pseudonyms: dict[str, set[str]]
    values: list[str]

    @property
    def pseudonym_list(self) -> list[str]:
        """Pseudonyms of every kind."""
        return sorted(set().union(*self.pseudonyms.values()))

    @property
    def needles(self) -> list[str]:
        """All that no file may hold in the end."""
        return sorted({*self.values, *self.pseudonym_list})

    @cached_property
    def pattern(self) -> re.Pattern:
        """Finds any of the values where it stands alone, not in a longer word."""
        listed = "|".join(re.escape(value) for value in self.values)
        return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")


def subject_columns(source: str) -> list[tuple[str, str]]:
    """List the columns, and their kinds, that say whose a row is."""
    contract = load_contracts()[source]
    return [
        (column.name, column.identifier)
        for column in contract.identifiers
        if column.name not in REFERENCES.get(source, ())
    ]


def collect(
    connection: duckdb.DuckDBPyConnection, customer: str
) -> dict[str, set[str]]:
    """Collect every pseudonym of a person that nobody else shares, by kind.

    All registrations that are known to be the same person's are included.

    Raises
    ------
    UsageError
        No delivery that was loaded names such a customer.
    """
    own = _find_registrations(connection, customer)
    found = {kind: set(own.get(kind, ())) for kind in ("customer", PROSPECT)}
    for source, mark in (("core_customers", "customer"), ("core_accounts", "customer")):
        _add_from(connection, source, "customer_number", found[mark], found)
    _add_from(connection, "partner", "person_number", found[PROSPECT], found)
    _add_from(connection, "phone", "customer_number", found["customer"], found)
    for kind in set(found) - {"customer", PROSPECT}:
        found[kind] -= _find_shared(connection, kind, found)
    return {kind: values for kind, values in found.items() if values}


def _find_registrations(
    connection: duckdb.DuckDBPyConnection, customer: str
) -> dict[str, set[str]]:
    (known,) = connection.execute(
        "select count(*) from raw.core_customers where customer_number = ?", [customer]
    ).fetchone()
    if not known:
        msg = (
            "No customer of that number or pseudonym is known, so nothing was erased. "
            "Give the pseudonym as the marts have it (customer_id), or the number "
            "itself by `crm forget --number -`."
        )
        raise UsageError(msg)
    rows = connection.execute(
        """
        with latest as (
            select distinct on (source, number) source, number, customer_id
            from ops.identity_changes order by source, number, known_at desc
        ),
        person as (
            select coalesce(
                (
                    select customer_id from latest
                    where source = 'core_customers' and number = $customer
                ),
                $customer
            ) as customer_id
        )
        select source, number from latest
        semi join person on latest.customer_id = person.customer_id
        union select 'core_customers', customer_id from person
        """,
        {"customer": customer},
    ).fetchall()
    registrations = {"customer": {customer}, PROSPECT: set()}
    for source, number in rows:
        kind = "customer" if source == "core_customers" else PROSPECT
        registrations[kind].add(number)
    return registrations


def _add_from(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    key: str,
    keys: set[str],
    found: dict[str, set[str]],
) -> None:
    for column, kind in subject_columns(source):
        rows = connection.execute(
            f"""
            select distinct {column} from raw.{source}
            where list_contains(?::varchar[], {key}) and {column} is not null
            """,
            [sorted(keys)],
        ).fetchall()
        found.setdefault(kind, set()).update(value for (value,) in rows)


def _find_shared(
    connection: duckdb.DuckDBPyConnection, kind: str, found: dict[str, set[str]]
) -> set[str]:
    """Find what somebody else is registered, reported or calling with as well."""
    others = {
        "core_customers": ("customer_number", found["customer"]),
        "core_accounts": ("customer_number", found["customer"]),
        "partner": ("person_number", found[PROSPECT]),
        "phone": ("customer_number", found["customer"]),
    }
    shared: set[str] = set()
    for source, (key, own) in others.items():
        for column, column_kind in subject_columns(source):
            if column_kind == kind and column != key:
                rows = connection.execute(
                    f"""
                    select distinct {column} from raw.{source}
                    where list_contains(?::varchar[], {column})
                        and {key} is not null
                        and not list_contains(?::varchar[], {key})
                    """,
                    [sorted(found[kind]), sorted(own)],
                ).fetchall()
                shared.update(value for (value,) in rows)
    return shared
