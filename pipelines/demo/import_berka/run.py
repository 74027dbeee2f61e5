"""Turn the Czech bank of the PKDD'99 Discovery Challenge into deliveries.

Its files hold 15 months of transactions and the registers of six years. They are
delivered month by month, each row once, in the month that it is dated:

- ``trans``: cash to ``branch``, cash by card to ``card``, transfers to ``online``, what
  the bank does by itself to ``core_postings`` (`translate.TRANSACTION_KINDS`). A
  transfer for which ``order`` holds an instruction is a standing order. The source
  knows days only: ``occurred_at`` is midnight, and the order within a day is not known.
- ``trans.balance``: to ``core_balances``, as each month ended.
- ``client``: to ``core_customers``, dated when the first account that the client may
  use was opened, as the source has no date of its own for clients. The branch is that
  account's. Where the client lives has no column: a district is no address.
- ``disp``, ``card``, ``loan``: to ``core_accounts``, one row each, dated when the
  account was opened, the card issued, the loan granted. The source does not date a
  loan's end, so none is closed.

Events end with the month of the last transaction, registers years later with their own
last row: every row has its place, and none is known before it happened. Columns that
the source lacks stay empty. ``order`` holds instructions, which no contract takes: it
is read to tell standing orders, and not delivered. ``district`` is not read. There is
no ATM journal, so ``atm`` gets no delivery.
"""

import logging
from calendar import monthrange
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.demo.import_berka.read_asc import find_files, load_file
from pipelines.demo.import_berka.translate import arrange
from pipelines.foundation.business_date import write_calendar
from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import write_delivery
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import run_lock

logger = logging.getLogger(__name__)

IMPORTED_EVENTS = ("branch", "card", "online", "core_postings", "core_balances")
IMPORTED_REGISTERS = ("core_customers", "core_accounts")


@dataclass(frozen=True)
class ImportSummary:
    """What was delivered.

    Attributes
    ----------
    delivery_count : int
        Folders written to landing.
    rows : dict of str to int
        Rows delivered, by source.
    first_date, last_date : date
        First and last business date of the transactions.
    last_register_date : date
        Last business date of the registers.
    instruction_count : int
        Standing-order instructions, which are not delivered.
    """

    delivery_count: int
    rows: dict[str, int]
    first_date: date
    last_date: date
    last_register_date: date
    instruction_count: int

    def __str__(self) -> str:
        """Tell it in one line."""
        listed = ", ".join(f"{source} {count}" for source, count in self.rows.items())
        return (
            f"{sum(self.rows.values())} rows in {self.delivery_count} deliveries "
            f"({listed}); events {self.first_date} to {self.last_date}, registers to "
            f"{self.last_register_date}; {self.instruction_count} standing-order "
            "instructions read, not delivered"
        )


def run(settings: Settings, folder: Path) -> ImportSummary:
    """Write the Czech bank's files into landing as deliveries.

    Parameters
    ----------
    settings : Settings
        Says where landing is.
    folder : Path
        Holds the ``.asc`` files of the challenge. The transactions may be called
        ``trans.asc`` or ``trans_<anything>.asc``.

    Returns
    -------
    ImportSummary
        Rows delivered, by source.

    Raises
    ------
    UsageError
        The folder or one of its files is missing, or is not what it should be.
    DataQualityError
        A row would belong to no delivery.
    """
    paths = find_files(folder)
    config = {"memory_limit": settings.memory_limit, "threads": settings.threads}
    with (
        run_lock(settings, "import berka"),
        closing(duckdb.connect(config=config)) as connection,
    ):
        connection.execute("create schema files")
        for name, path in paths.items():
            load_file(connection, name, path)
        arrange(connection)
        summary = _deliver(connection, settings.landing)
        write_calendar(settings, summary.last_date)
    logger.info("import berka: %s", summary)
    return summary


def _deliver(connection: duckdb.DuckDBPyConnection, landing: Path) -> ImportSummary:
    first, last, last_register = connection.execute("""
        select
            last_day(min(day)), last_day(max(day) filter (is_event)), last_day(max(day))
        from (
            select occurred_at as day, true as is_event from transactions
            union all
            select changed_date, false from delivered.core_accounts
        )
    """).fetchone()
    rows = dict.fromkeys((*IMPORTED_EVENTS, *IMPORTED_REGISTERS), 0)
    delivery_count = 0
    for source in rows:
        contract = load_contract(source)
        end = last if source in IMPORTED_EVENTS else last_register
        for month_end in _month_ends(first, end):
            next_day = datetime.combine(month_end, time(1, 10), UTC) + timedelta(days=1)
            manifest = write_delivery(
                connection,
                _select_month(connection, contract, month_end),
                landing,
                contract,
                business_date=month_end,
                extracted_at=next_day,
            )
            rows[source] += manifest.rows
            delivery_count += 1
    (instruction_count,) = connection.execute(
        "select count(*) from files.order"
    ).fetchone()
    return ImportSummary(
        delivery_count, rows, first, last, last_register, instruction_count
    )


def _month_ends(first: date, last: date) -> Iterator[date]:
    month_end = first
    while month_end <= last:
        yield month_end
        following = month_end + timedelta(days=1)
        _, days = monthrange(following.year, following.month)
        month_end = following.replace(day=days)


def _select_month(
    connection: duckdb.DuckDBPyConnection, contract: Contract, month_end: date
) -> str:
    described = connection.execute(f"describe delivered.{contract.source}").fetchall()
    known = {name for name, *_ in described}
    listed = ", ".join(
        name if name in known else f"null as {name}" for name in contract.names
    )
    happened = contract.happened.name
    keys = ", ".join(contract.keys)
    return f"""
        select {listed}
        from delivered.{contract.source}
        where last_day({happened}) = date '{month_end}'
        order by {happened}, {keys}
    """
