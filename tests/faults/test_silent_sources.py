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


def deliver_until(deliver, last, *, missing=()):
    """Deliver balances of each month of 2025 until one, but for some."""
    for month in range(1, last + 1):
        day = date(2025 + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        if month not in missing:
            deliver("core_balances", BALANCES.format(day=day), day)


def find_states(settings):
    with connect(settings) as connection:
        return dict(
            connection.execute(
                "select business_date, state from ops.source_days order by all"
            ).fetchall()
        )


@pytest.fixture
def at(settings):
    """Settings of a night of some business date."""

    def set_clock(day):
        return settings.model_copy(update={"business_date": date.fromisoformat(day)})

    return set_clock


def test_a_source_that_is_whole_by_the_clock_ends_no_night_red(settings, deliver, at):
    deliver_until(deliver, 12)
    ingest.run(settings)
    accept_all(settings)

    overdue.watch(at("2026-01-30"))

    assert set(find_states(settings).values()) == {"in_time"}


@pytest.mark.parametrize(
    ("missing", "day", "state"),
    [
        (5, "2025-12-31", "missing"),
        (12, "2025-12-31", "not_yet"),
        (12, "2026-01-03", "missing"),
    ],
    ids=["in_the_middle", "on_the_first_night", "when_its_deadline_is_over"],
)
def test_the_night_names_what_a_source_lacks_wherever_it_lies(
    settings, deliver, at, missing, day, state
):
    deliver_until(deliver, 12, missing=[missing])
    ingest.run(settings)
    accept_all(settings)
    lacks = date(2025 + missing // 12, missing % 12 + 1, 1) - timedelta(days=1)

    named = rf"core_balances lacks {lacks} \({state.replace('_', ' ')}\)\n"
    with pytest.raises(MissingSourceError, match=named):
        overdue.watch(at(day))

    states = find_states(settings)
    assert states.pop(lacks) == state
    assert set(states.values()) == {"in_time"}


def test_a_late_file_repairs_what_the_night_lacked(settings, deliver, at):
    deliver_until(deliver, 12, missing=[5])
    ingest.run(settings)
    accept_all(settings)
    day = date(2025, 5, 31)
    deliver("core_balances", BALANCES.format(day=day), day)
    ingest.run(settings)
    accept_all(settings)

    overdue.watch(at("2025-12-31"))

    assert day in find_states(settings)


@pytest.mark.parametrize("status", ["held", "withdrawn", "refused"])
def test_what_came_and_is_not_read_is_missing_and_says_why(
    settings, deliver, at, status
):
    deliver_until(deliver, 12)
    ingest.run(settings)
    accept_all(settings)
    day = date(2025, 5, 31)
    with connect(settings) as connection:
        connection.execute(
            "update ops.deliveries set status = ? where business_date = ?",
            [status, day],
        )

    with pytest.raises(MissingSourceError, match=rf"2025-05-31 \({status}\)"):
        overdue.watch(at("2025-12-31"))


def test_a_bank_that_turns_to_daily_files_owes_no_days_of_its_months_before(
    settings, deliver, at
):
    deliver_until(deliver, 12)
    for number in range(1, 25):
        day = date(2025, 12, 31) + timedelta(days=number)
        if day != date(2026, 1, 20):
            deliver("core_balances", BALANCES.format(day=day), day)
    ingest.run(settings)
    accept_all(settings)

    with pytest.raises(MissingSourceError, match=r"lacks 2026-01-20 \(missing\)\n"):
        overdue.watch(at("2026-01-24"))

    assert len(find_states(settings)) == 12 + 24


def test_a_day_on_which_a_source_never_delivers_is_not_owed(settings, deliver, at):
    for number in range(60):
        day = date(2025, 9, 1) + timedelta(days=number)
        if day.isoweekday() < 6 and day != date(2025, 10, 7):
            deliver("core_balances", BALANCES.format(day=day), day)
    ingest.run(settings)
    accept_all(settings)

    with pytest.raises(MissingSourceError, match=r"lacks 2025-10-07 \(missing\)\n"):
        overdue.watch(at("2025-10-30"))


def test_an_empty_file_says_that_nothing_happened(settings, deliver, at):
    deliver_until(deliver, 12, missing=[5, 6])
    for day in (date(2025, 5, 31), date(2025, 6, 30)):
        deliver("core_balances", BALANCES.format(day=day) + " where false", day)
    ingest.run(settings)
    accept_all(settings)

    overdue.watch(at("2025-12-31"))


def accept_all(settings):
    with connect(settings) as connection:
        connection.execute(
            "update ops.deliveries set status = 'accepted' where status = 'loaded'"
        )


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
