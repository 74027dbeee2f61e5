"""Read the published work list; for a desk, with the bank's own customer numbers."""

import logging
from datetime import date
from pathlib import Path

import duckdb

from pipelines.decision.publish.run import DATABASE, find_current
from pipelines.foundation.business_date import find_business_date
from pipelines.foundation.errors import MissingSourceError, UsageError
from pipelines.foundation.parameters import read_in_force
from pipelines.foundation.private_files import neutralise, open_export
from pipelines.foundation.record import record_decision, require_reason
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, list_rows, prepare, run_lock

logger = logging.getLogger(__name__)
PROBABILITY_DIGITS = 3  # of a probability; a person reads no more
TOP = "from published.work_list order by contact_rank limit ?"
OF_ONE_DESK = """
select
    known.identifier as customer_number,
    listed.* exclude (customer_id, contact_rank)
from published.work_list as listed
inner join vault.identifiers as known
    on known.kind = 'customer' and listed.customer_id = known.pseudonym
where coalesce(listed.branch_id = $branch, $branch is null)
    and coalesce(listed.manager_id = $manager, $manager is null)
order by listed.contact_rank
limit $rows
"""


def read_top(published: Path, rows: int) -> list[dict]:
    """List the first of the published work list, by pseudonym."""
    with duckdb.connect() as connection:
        _attach(connection, published)
        return list_rows(connection, TOP, [rows])


def export(
    settings: Settings,
    path: Path,
    *,
    branch: str | None = None,
    manager: str | None = None,
    rows: int = 100,
    reason: str = "",
) -> int:
    """Write a desk's work list as CSV, with the bank's own customer numbers.

    Nowhere else do pseudonyms lead back to a customer, so who asked for it, when and
    why is kept in ``ops.decisions``. Those erased since publication are left out.

    Parameters
    ----------
    settings : Settings
        Where the vault and the published marts are.
    path : Path
        File to write; only its owner may read it. It must not exist.
    branch, manager : str, optional
        Whose customers; both, where both are given.
    rows : int, default=100
        How many at most, in the order of the list.
    reason : str
        For the record.

    Returns
    -------
    int
        Customers written.

    Raises
    ------
    UsageError
        The file exists, nobody on the list belongs there, or no reason is given.
    MissingSourceError
        Nothing has been published yet, or the list is older than the rule of engagement
        ``list_expired`` allows.
    """
    require_reason(reason)
    published = find_current(settings)
    if published is None:
        msg = "Nothing has been published, so there is no work list. Run `crm run`."
        raise MissingSourceError(msg)
    desk = {"branch": branch, "manager": manager}
    asked = " ".join(f"{name} {value}" for name, value in desk.items() if value)
    with run_lock(settings, "work-list"), connect(settings) as connection:
        prepare(connection)
        Vault(connection, settings)
        _attach(connection, published)
        listed = list_rows(connection, OF_ONE_DESK, desk | {"rows": rows})
        if not listed:
            msg = (
                f"Nobody on the work list belongs to {asked or 'the bank'}, so nothing "
                "was written. The mart next_best_offers has the branches and managers."
            )
            raise UsageError(msg)
        _refuse_expired(listed[0]["as_of_date"], find_business_date(settings))
        # Excel takes a file without a mark for one in the local code page.
        with open_export(path, encoding="utf-8-sig") as writer:
            writer.writerow(listed[0])
            for row in listed:
                writer.writerow([_as_cell(value) for value in row.values()])
        record_decision(
            connection,
            "export",
            f"work list of {asked or 'the bank'}",
            reason,
            row_count=len(listed),
        )
    logger.info("work list: %d customers exported", len(listed))
    return len(listed)


def _refuse_expired(as_of_date: date, business_date: date) -> None:
    age = (business_date - as_of_date).days
    limit = int(
        read_in_force("engagement_rules", business_date, rule_name="list_expired")[
            "rule_limit"
        ]
    )
    if age > limit:
        msg = (
            f"The work list is of {as_of_date}, {age} days before {business_date}, so "
            f"nothing was written: after {limit} days too much of it is no longer so. "
            "Run `crm run`; `crm status` says why no newer one was published."
        )
        raise MissingSourceError(msg)


def _attach(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    database = str(published / DATABASE).replace("'", "''")
    connection.execute(f"attach '{database}' as published (read_only)")


def _as_cell(value: object) -> object:
    if isinstance(value, float):  # a probability; money has its fen
        return round(value, PROBABILITY_DIGITS)
    return neutralise(value) if isinstance(value, str) else value
