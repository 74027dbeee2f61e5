"""F24: a source that sends nothing is found by the clock, an empty file by its day."""

from datetime import date, timedelta

import pytest

from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.warehouse import connect
from pipelines.information import overdue
from pipelines.information.accept import run as accept
from pipelines.information.ingest import run as ingest

BALANCES = """
    select
        'A1' as account_number, date '{day}' as balance_date, 1.50 as balance,
        'CNY' as currency_code
"""


@pytest.fixture
def state_of(settings, deliver):
    """Deliver balances of some days, and ask how they stand on another."""

    def ask(days, on):
        for day in map(date.fromisoformat, days):
            deliver("core_balances", BALANCES.format(day=day), day)
        ingest.run(settings)
        sources = overdue.run(settings, date.fromisoformat(on))
        return {source.source: source for source in sources}["core_balances"]

    return ask


MONTHS = ("2025-01-31", "2025-02-28", "2025-03-31")
WORKDAYS = ("2025-01-02", "2025-01-03", "2025-01-06", "2025-01-07", "2025-01-08",
            "2025-01-09", "2025-01-10")  # fmt: skip


@pytest.mark.parametrize(
    ("days", "on", "expected"),
    [
        (MONTHS, "2025-05-03", ("in time", "2025-04-30", 0)),
        (MONTHS, "2025-05-04", ("overdue", "2025-04-30", 1)),
        (WORKDAYS, "2025-01-16", ("in time", "2025-01-13", 0)),
        (WORKDAYS, "2025-01-17", ("overdue", "2025-01-13", 1)),
    ],
    ids=["last_day", "a_day_late", "after_a_week_end", "a_day_late_after_a_week_end"],
)
def test_a_source_is_overdue_once_its_deadline_is_over(state_of, days, on, expected):
    found = state_of(days, on)

    assert (found.state, f"{found.owed_date}", found.days_overdue) == expected


def test_one_delivery_makes_no_rhythm(state_of):
    assert state_of(MONTHS[:1], "2026-01-01").state == "no rhythm yet"


def test_f24_a_silent_source_is_named_with_what_it_owes(settings, state_of):
    state_of(MONTHS, "2025-05-10")

    with pytest.raises(
        MissingSourceError, match=r"core_balances is \d+ days late with 2025-04-30"
    ):
        overdue.raise_for_overdue(overdue.run(settings, date(2025, 5, 10)))


EVENTS = """
    select
        '{day}-' || number as event_number, 'C' || number as card_number,
        'T1' as terminal_code, timestamp '{day} 10:00:00' as occurred_at,
        'enquiry' as event_type, null as amount, null as currency_code
    from range({rows}) as numbers (number)
"""
SUNDAY = date(2024, 12, 22)
# On which day of the sixth week only a header came, and whether that is an alarm.
EMPTY = {"on_a_sunday": (0, False), "on_a_monday": (1, True)}


@pytest.mark.parametrize(("weekday", "is_alarm"), EMPTY.values(), ids=EMPTY)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Great Expectations' imports
def test_f24_a_header_alone_is_an_alarm_on_a_day_of_business_only(
    settings, deliver, caplog, weekday, is_alarm
):
    empty = SUNDAY + timedelta(weeks=5, days=weekday)
    for number in range(5 * 7 + weekday + 1):
        day = SUNDAY + timedelta(days=number)
        rows = 0 if day == empty or day.isoweekday() == 7 else 120
        deliver("atm", EVENTS.format(day=day, rows=rows), day)
    assert ingest.run(settings).refused == []
    with connect(settings) as connection:
        # Judged already, but for the last.
        connection.execute(
            "update ops.deliveries set status = 'accepted' where business_date < ?",
            [empty],
        )

    accept.run(settings)

    told = f"volume_ratio in 0.5 to 2, atm/{empty}.1"
    assert (told in caplog.text) == is_alarm
