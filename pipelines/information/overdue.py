"""Which source is silent? Asked of a clock, for what never comes is in no delivery."""

import logging
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.foundation.business_date import find_business_date
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.source_days import write_source_days
from pipelines.foundation.warehouse import connect, list_rows, prepare, run_lock

logger = logging.getLogger(__name__)
# The longest window of features: what has been missing for longer is in none of them.
DAYS_WATCHED = 365
DAYS_LISTED = 3
# The first date that has not come in, though one is owed: of before, or the next one.
OWED = """
with days as ({source_days}),
newest as (
    select source, max(business_date) as newest
    from ops.deliveries
    where status not in ('refused', 'withdrawn') and business_date <= $on
    group by source
)
select
    source, newest,
    min(business_date) filter (
        state in ('missing', 'not_yet', 'refused', 'withdrawn')
        and business_date > $on - {days_watched}
    ) as owed
from newest left join days using (source)
group by source, newest
"""
# What the night of a bank still lacks: a window of features looks so far back.
MISSING_DAYS = """
select source, business_date, state
from ops.source_days, (select max(business_date) as today from ops.clock)
where is_missing and business_date > today - {days_watched}
order by source, business_date
"""


@dataclass(frozen=True)
class Punctuality:
    """How a source stands on a day.

    Attributes
    ----------
    source : str
    state : {"in time", "overdue", "no rhythm yet", "never delivered"}
    newest_date, owed_date : date or None
        The newest business date delivered, and the first one owed that was not.
    days_overdue : int
        Days since the deadline that the contract sets; 0 where it is not over.
    """

    source: str
    state: str
    newest_date: date | None = None
    owed_date: date | None = None
    days_overdue: int = 0


def run(settings: Settings, on: date) -> list[Punctuality]:
    """Say of each source whether what it owes has come by the end of a day.

    Parameters
    ----------
    settings : Settings
        Where the warehouse is.
    on : date
        The day that the clock shows, in UTC.

    Returns
    -------
    list of Punctuality
        One for each source that has a contract.
    """
    with connect(settings, read_only=True) as connection:
        found = {
            source: (newest, owed)
            for source, newest, owed in connection.execute(
                OWED.format(
                    source_days=write_source_days("$on"), days_watched=DAYS_WATCHED
                ),
                {"on": on},
            ).fetchall()
        }
    listed = []
    for source, contract in load_contracts().items():
        newest, owed = found.get(source, (None, None))
        if newest is None:
            listed.append(Punctuality(source, "never delivered"))
        elif owed is None:
            listed.append(Punctuality(source, "no rhythm yet", newest))
        else:
            late = max((on - owed).days - contract.due_days, 0)
            state = "overdue" if late else "in time"
            listed.append(Punctuality(source, state, newest, owed, late))
    logger.info(
        "overdue: %d of %d sources on %s",
        sum(source.state == "overdue" for source in listed),
        len(listed),
        on,
    )
    return listed


def raise_for_overdue(sources: list[Punctuality]) -> None:
    """Raise if a source is silent.

    Raises
    ------
    MissingSourceError
        Names the sources, and what they owe since when.
    """
    late = [source for source in sources if source.state == "overdue"]
    if late:
        listed = ", ".join(
            f"{source.source} is {source.days_overdue} days late with "
            f"{source.owed_date}"
            for source in late
        )
        msg = (
            f"{len(late)} sources are overdue, so the marts lack what happened there: "
            f"{listed}. Ask the sender; a folder without manifest.json counts as not "
            "sent."
        )
        raise MissingSourceError(msg)


def watch(settings: Settings) -> None:
    """Set the clock of the night, and name the sources that the marts lack days of.

    Parameters
    ----------
    settings : Settings
        Where the warehouse is, and which business date the night is of.

    Raises
    ------
    MissingSourceError
        A day has not come in, though its source has usually delivered by then, or was
        refused, held or withdrawn. One line for each source. The clock is set all the
        same, and the night may go on with what is whole.
    """
    today = find_business_date(settings)
    with run_lock(settings, "watch"), connect(settings) as connection:
        prepare(connection)
        connection.begin()
        connection.execute("delete from ops.clock")
        connection.execute("insert into ops.clock values (?)", [today])
        connection.commit()
        lines = list_gaps(connection)
    logger.info("watch: %d sources lack days by %s", len(lines), today)
    if lines:
        listed = "\n".join(f"  {line}" for line in lines)
        msg = (
            f"{len(lines)} sources lack days, so labels that need them are unknown, "
            "and no snapshot without them is scored while an older one is whole.\n"
            f"{listed}\n"
            "Ask the sender; a day of no business needs an empty delivery. A late file "
            "repairs everything. Each day: mart source_days."
        )
        raise MissingSourceError(msg)


def list_gaps(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the sources that days are missing of by the night's clock, a line each."""
    found: dict[str, list[dict]] = {}
    for day in find_missing_days(connection):
        found.setdefault(day["source"], []).append(day)
    return [_describe_gap(source, days) for source, days in found.items()]


def find_missing_days(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """Find the business dates that the marts lack by the night's clock.

    Returns
    -------
    list of dict
        Source, business date and state, in this order.
    """
    return list_rows(connection, MISSING_DAYS.format(days_watched=DAYS_WATCHED))


def _describe_gap(source: str, days: list[dict]) -> str:
    listed = ", ".join(
        f"{day['business_date']} ({day['state'].replace('_', ' ')})"
        for day in days[:DAYS_LISTED]
    )
    more = len(days) - DAYS_LISTED
    return f"{source} lacks {listed}" + (f" and {more} more" if more > 0 else "")
