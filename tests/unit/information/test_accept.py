"""Is a good delivery accepted, a bad one held, and nothing told of a customer?"""

import json
import sys
from datetime import date, datetime, timedelta

import pytest

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.warehouse import connect, prepare
from pipelines.information.accept import run as accept

CANARY = "canary"
DAY = date(2025, 3, 31)
ATM = """
    select
        'E' || number as event_number, 'card-' || number % 3 as card_number,
        'T1' as terminal_code, cast(day as timestamp) + interval 10 hour as occurred_at,
        'enquiry' as event_type
"""
ACCOUNTS = """
    select
        'account-' || number as account_number,
        'customer-' || number as customer_number, day as changed_date,
        'owner' as role, 'CUR01' as product_code, 'CNY' as currency_code,
        day as opened_date, 'open' as status, 'card-' || number as card_number
"""
CUSTOMERS = """
    select
        'customer-' || number as customer_number, day as changed_date,
        day as registered_date, 'B1' as branch_code
"""
QUERIES = {"atm": ATM, "core_accounts": ACCOUNTS, "core_customers": CUSTOMERS}
MONTH_ENDS = [
    date(2024, 10, 31),
    date(2024, 11, 30),
    date(2024, 12, 31),
    date(2025, 1, 31),
    date(2025, 2, 28),
]


@pytest.fixture
def load(settings):
    """Put rows into ``raw`` as ingestion does, one delivery of a day each call."""

    def load(source="atm", day=DAY, *, rows=30, altered="", **changed):
        sequence = changed.pop("sequence", 1)
        extracted_at = datetime.combine(day, datetime.min.time()) + timedelta(hours=25)
        delivery = {
            "delivery_id": f"{source}/{day}.{sequence}",
            "source": source,
            "business_date": day,
            "sequence": sequence,
            "extracted_at": extracted_at,
            "status": "loaded",
            "rows_delivered": rows,
            "rows_loaded": rows,
            "rows_duplicate": 0,
            "rows_quarantined": 0,
        } | changed
        with connect(settings) as connection:
            prepare(connection)
            connection.execute(f"""
                insert into raw.{source} by name
                select
                    * {altered}, '{delivery["delivery_id"]}' as delivery_id,
                    timestamp '{delivery["extracted_at"]}' as known_at
                from (
                    {QUERIES[source]}
                    from range({rows}) as numbers (number)
                    cross join (select date '{day}' as day)
                )
            """)
            values = ", ".join(f"${name} as {name}" for name in delivery)
            connection.execute(
                f"insert into ops.deliveries by name select {values}", delivery
            )
        return delivery["delivery_id"]

    return load


@pytest.fixture
def registers(load):
    """Customers and accounts that have been accepted the day before."""
    for source in ("core_customers", "core_accounts"):
        load(source, DAY - timedelta(days=1), status="accepted")


@pytest.fixture
def statuses(ask):
    return lambda: dict(
        ask(f"""
            select delivery_id, status from ops.deliveries
            where business_date = '{DAY}'
        """)
    )


def test_good_deliveries_are_accepted(settings, load, statuses):
    deliveries = [load(source) for source in QUERIES]

    accept.run(settings)

    assert statuses() == dict.fromkeys(deliveries, "accepted")


def test_facts_are_measured(settings, load, ask):
    load("core_accounts", rows=2, status="accepted")  # card-2 is unknown
    load(rows_delivered=40, rows_duplicate=4, rows_quarantined=5)

    with pytest.raises(DataQualityError):
        accept.run(settings)

    assert ask("""
        select
            rows_unaccounted, rows_missing, quarantined_share, unknown_reference_share,
            impossible_time_share, filled_share, newest_row_age_days,
            knowledge_lag_hours, delay_days
        from ops.delivery_facts
    """) == [(1, 0, 5 / 40, 1 / 3, 0, 5 / 7, 0, 15, 1)]


FAULTS = {
    "rows_unaccounted in 0 to 0": {"rows_delivered": 31},
    "rows_missing in 0 to 0": {"rows_delivered": 31, "rows_loaded": 31},
    "quarantined_share in 0 to 0.05": {"rows_delivered": 33, "rows_quarantined": 3},
    "impossible_time_share in 0 to 0.01": {
        "altered": (
            "replace (if(event_number = 'E0', '1979-12-31', occurred_at) "
            "as occurred_at)"
        )
    },
    "unknown_reference_share in 0 to 0.5": {
        "altered": "replace ('stranger' as card_number)"
    },
    "newest_row_age_days in -1 to 31": {
        "altered": "replace (occurred_at - interval 32 day as occurred_at)"
    },
}


@pytest.mark.usefixtures("registers")
def test_what_fails_is_held_with_the_reason_and_the_rest_accepted(settings, load, ask):
    days = [DAY + timedelta(days=number) for number in range(len(FAULTS))]
    for day, fault in zip(days, FAULTS.values(), strict=True):
        load(day=day, **fault)
    good = load(day=DAY - timedelta(days=1))

    with pytest.raises(DataQualityError, match="6 of 7 deliveries are held") as error:
        accept.run(settings)

    assert ask("""
        select status, note from ops.deliveries where source = 'atm'
        order by business_date
    """) == [("accepted", None), *(("held", f"Failed {reason}") for reason in FAULTS)]
    assert all(reason in str(error.value) for reason in FAULTS)
    assert good not in str(error.value)


def test_an_extract_of_before_its_day_is_held(settings, load, statuses):
    early = load("core_customers", extracted_at=DAY - timedelta(hours=24))

    with pytest.raises(DataQualityError, match=r"delay_days in 0 to …, core_customers"):
        accept.run(settings)

    assert statuses() == {early: "held"}


def test_cards_of_a_held_register_are_unknown(settings, load):
    load("core_customers", status="accepted")
    load("core_accounts", rows_delivered=31)
    load()

    with pytest.raises(DataQualityError, match="2 of 2"):
        accept.run(settings)


def test_what_is_held_is_accepted_once_the_register_has_come(settings, load, statuses):
    load("core_customers", status="accepted")
    events = load()
    with pytest.raises(DataQualityError, match="unknown_reference_share"):
        accept.run(settings)
    load("core_accounts")

    accept.run(settings)

    assert statuses()[events] == "accepted"


def test_what_is_restated_stays_held_and_no_longer_fails(settings, load, statuses):
    held = load("core_customers", status="held")
    restated = load("core_customers", sequence=2)

    accept.run(settings)

    assert statuses() == {held: "held", restated: "accepted"}


def test_a_delivery_without_rows_is_accepted(settings, load, statuses):
    empty = load("core_accounts", rows=0)

    accept.run(settings)

    assert statuses() == {empty: "accepted"}


def test_volume_is_compared_with_four_deliveries_before(settings, load, ask, caplog):
    for day in MONTH_ENDS:
        load("core_customers", day, rows=2000)
    load("core_customers", rows=20)

    accept.run(settings)

    assert ask(
        "select volume_ratio from ops.delivery_facts order by business_date"
    ) == [
        *[(None,)] * 5,
        (0.01,),
    ]
    assert "core_customers failed volume_ratio in 0.02 to 50" in caplog.text


def test_what_is_held_is_no_history(settings, load, ask):
    for day in MONTH_ENDS[:-1]:
        load("core_customers", day, rows=200)
    load("core_customers", MONTH_ENDS[-1], rows=200, rows_delivered=999)
    load("core_customers", rows=200)

    with pytest.raises(DataQualityError, match="1 of 6"):
        accept.run(settings)

    assert ask(f"""
        select volume_ratio from ops.delivery_facts where business_date = '{DAY}'
    """) == [(None,)]


def test_with_nothing_new_great_expectations_is_not_loaded(
    settings, load, statuses, monkeypatch
):
    load("core_customers")
    accept.run(settings)
    monkeypatch.setitem(sys.modules, "pipelines.foundation.gates.suites", None)

    accept.run(settings)

    assert set(statuses().values()) == {"accepted"}


def test_a_gate_that_dies_accepts_nothing(settings, load, statuses, monkeypatch):
    events = load("core_customers")

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.information.accept.run.record", die)
    with pytest.raises(KeyboardInterrupt):
        accept.run(settings)

    assert statuses() == {events: "loaded"}


def test_deliveries_leave_a_report(settings, load, ask):
    load("core_customers")

    accept.run(settings)

    report = json.loads((settings.reports / "validation/deliveries.json").read_text())
    assert report["is_passed"]
    assert (settings.reports / "data_docs/deliveries/index.html").exists()
    assert ask("select gate, target, is_passed from ops.gates") == [
        ("deliveries", "core_customers", True)
    ]


def test_the_gate_of_deliveries_tells_of_no_customer(settings, load, heard, kept):
    load(altered=f"replace ('{CANARY}' as card_number, '{CANARY}' as terminal_code)")

    with pytest.raises(DataQualityError) as error:
        accept.run(settings)

    told = str(error.value) + heard()
    assert "unknown_reference_share" in kept()
    assert CANARY not in told + kept()
