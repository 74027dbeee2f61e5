"""A row that contradicts itself or the calendar stays at the door, alone."""

import json
from contextlib import suppress

import pytest

from pipelines.foundation.errors import DataQualityError
from pipelines.information.accept import run as accept
from pipelines.information.ingest import run as ingest

ACCOUNT = """
    'C' || number as customer_number, date '2025-01-20' as changed_date,
    'owner' as role, 'CUR01' as product_code, 'CNY' as currency_code,
    'open' as status, null as card_number
"""
CUSTOMER = """
    date '2025-01-20' as changed_date, 'B1' as branch_code
"""
EMPTY = [
    "full_name",
    "document_number",
    "phone_number",
    "email_address",
    "postal_address",
    "login_name",
    "gender",
    "income_year",
    "annual_income",
    "annual_income_one_year_before",
    "annual_income_two_years_before",
    "has_income_proof",
    "household_number",
    "manager_code",
    "has_marketing_consent",
]


@pytest.mark.parametrize(
    ("opened", "closed", "reason"),
    [
        ("2025-01-20", "2025-01-10", "contradicts_itself"),
        ("2099-01-01", None, "happened_after_extraction"),
        ("2025-02-03", None, "happened_after_extraction"),
        # The bank's own day may have begun before that of UTC has.
        ("2025-02-01", "2025-02-01", None),
        ("2025-01-20", "2025-03-01", None),
    ],
)
def test_an_account_that_can_not_be_is_quarantined(
    settings, deliver, ask, opened, closed, reason
):
    dates = {1: ("2024-05-06", None), 2: (opened, closed)}
    query = " union all ".join(
        f"""
        select
            'A' || number as account_number, {ACCOUNT},
            date '{begun}' as opened_date,
            {f"date '{ended}'" if ended else "null::date"} as closed_date
        from range({number}, {number + 1}) as numbers (number)
        """
        for number, (begun, ended) in dates.items()
    )
    deliver("core_accounts", query)

    ingest.run(settings).raise_for_problems()

    assert ask("select reason from ops.quarantine") == [(reason,)] * bool(reason)
    assert ask("select count(*) from raw.core_accounts") == [(1 if reason else 2,)]


@pytest.mark.parametrize(
    ("registered", "born", "reason"),
    [
        ("2020-01-02", "2099-12-31", "happened_after_extraction"),
        ("2031-01-01", "1980-01-01", "happened_after_extraction"),
        ("2020-01-02", "2020-01-03", "contradicts_itself"),
        ("2020-01-02", "1980-01-01", None),
    ],
)
def test_a_registration_that_can_not_be_is_quarantined(
    settings, deliver, ask, registered, born, reason
):
    empty = ", ".join(f"null as {name}" for name in EMPTY)
    deliver(
        "core_customers",
        f"""
        select
            'C1' as customer_number, {CUSTOMER}, {empty},
            date '{registered}' as registered_date, date '{born}' as birth_date
        """,
    )

    ingest.run(settings).raise_for_problems()

    reasons = {found for (found,) in ask("select reason from ops.quarantine")}
    assert (reason in reasons) if reason else not reasons


def test_a_first_load_of_history_is_no_loss(settings, deliver, ask):
    deliver(
        "core_balances",
        """
        select
            'A' || number as account_number,
            last_day(date '2024-01-31' + interval (month) month) as balance_date,
            1.50 as balance, 'CNY' as currency_code
        from range(3) as numbers (number), range(13) as months (month)
        """,
    )
    ingest.run(settings).raise_for_problems()

    with suppress(DataQualityError):  # no register has come yet
        accept.run(settings)

    assert ask("select rows_missing, rows_loaded from ops.delivery_facts") == [(0, 39)]


def test_rows_that_are_gone_are_missed_however_old_they_are(settings, deliver, ask):
    folder = deliver(
        "core_balances",
        """
        select
            'A' || number as account_number, date '2020-01-31' as balance_date,
            1.50 as balance, 'CNY' as currency_code
        from range(3) as numbers (number)
        """,
    )
    assert json.loads((folder / "manifest.json").read_text())["files"][0]["rows"] == 3
    ingest.run(settings).raise_for_problems()
    ask("delete from raw.core_balances where rowid = 0")

    with pytest.raises(DataQualityError, match="rows_missing"):
        accept.run(settings)

    assert ask("select rows_missing from ops.delivery_facts") == [(1,)]


VISIT = """
    select
        'V1' as visit_number, 'C1' as customer_number, null as account_number,
        'B1' as branch_code, 'T1' as teller_code,
        timestamp '2025-01-20 09:00:00' as occurred_at, 'advice' as event_type,
        timestamp '2025-01-20 09:00:00' as ticket_taken_at,
        timestamp '2025-01-20 {called}' as called_at,
        timestamp '2025-01-20 {served}' as served_at,
        cast(null as decimal(18, 2)) as amount, null as currency_code
"""
OFFER = """
    select
        'O1' as offer_number, date '{changed}' as changed_date, 'K1' as campaign_code,
        'C1' as customer_number, 'WM01' as product_code,
        date '{offered}' as offered_date, 'phone' as channel, false as is_control,
        'declined' as status, 'no_need' as reason
"""


@pytest.mark.parametrize(
    ("source", "row", "reasons"),
    [
        ("branch", VISIT.format(called="08:59:59", served="09:10:00"), ["called_at"]),
        ("branch", VISIT.format(called="09:05:00", served="09:04:59"), ["served_at"]),
        ("branch", VISIT.format(called="09:00:00", served="09:00:00"), []),
        (
            "campaign",
            OFFER.format(changed="2025-01-10", offered="2025-01-11"),
            ["changed_date"],
        ),
        ("campaign", OFFER.format(changed="2025-01-11", offered="2025-01-11"), []),
    ],
)
def test_a_row_that_ends_before_it_begins_stays_at_the_door(
    settings, deliver, ask, source, row, reasons
):
    deliver(source, row)

    ingest.run(settings).raise_for_problems()

    found = ask("select column_name, reason from ops.quarantine")
    assert found == [(name, "contradicts_itself") for name in reasons]
    assert ask(f"select count(*) from raw.{source}") == [(not reasons,)]
