"""Which source is silent? Asked of a clock, for what never comes is in no delivery."""

import logging
from dataclasses import dataclass
from datetime import date

from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)
# The next date a source owes, by the rhythm it has kept: the end of the next month, the
# same day of the next week, or the next day of the week on which it ever delivered.
RHYTHM = """
with dates as (
    select distinct source, business_date from ops.deliveries
    where status not in ('refused', 'withdrawn') and business_date <= $on
),
steps as (
    select
        *,
        business_date - lag(business_date) over (
            partition by source order by business_date
        ) as step
    from dates
),
rhythms as (
    select
        source, max(business_date) as newest, median(step) as usual,
        list(distinct dayofweek(business_date)) as weekdays
    from steps group by source
)
select
    source, newest,
    case
        when usual >= 28 then last_day(newest + interval 1 month)
        when usual >= 2 then newest + cast(round(usual) as integer)
        when usual is not null then cast(list_min(list_filter(
            range(newest + 1, newest + 8, interval 1 day),
            lambda day: list_contains(weekdays, dayofweek(day))
        )) as date)
    end as owed
from rhythms
"""


@dataclass(frozen=True)
class Punctuality:
    """How a source stands on a day.

    Attributes
    ----------
    source : str
    state : {"in time", "overdue", "no rhythm yet", "never delivered"}
    newest_date, owed_date : date or None
        The newest business date delivered, and the next one owed.
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
                RHYTHM, {"on": on}
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
