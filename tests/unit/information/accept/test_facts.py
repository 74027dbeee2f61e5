"""What a delivery is compared with: other sources, its account and its history."""

import hashlib
import json
from datetime import date

import pandas as pd
import pytest

from pipelines.foundation.warehouse import connect
from pipelines.information.accept import facts
from pipelines.information.ingest import run as ingest

JANUARY, FEBRUARY = date(2025, 1, 31), date(2025, 2, 28)
ACCOUNTS = """
    select
        'A' || number as account_number, 'C' || number as customer_number,
        date '2025-01-10' as changed_date, 'owner' as role, 'CUR01' as product_code,
        'CNY' as currency_code, date '2025-01-10' as opened_date,
        cast(null as date) as closed_date, 'open' as status, null as card_number
    from range(1, 41) as numbers (number)
"""
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        number * {times} as balance, '{currency}' as currency_code
    from range(1, {end}) as numbers (number)
"""
POSTINGS = """
    select
        'P' || number as posting_number, 'A' || number as account_number,
        timestamp '{moment}' as occurred_at, 'interest' as event_type,
        number * 1.5 as amount, 'CNY' as currency_code
    from range(1, 41) as numbers (number)
"""


def balances(day, *, times=5, currency="CNY", end=41):
    return BALANCES.format(day=day, times=times, currency=currency, end=end)


@pytest.fixture
def judge(settings):
    """Ingest and measure what was delivered; gives one fact of one delivery."""

    def judge(fact, delivery_id):
        ingest.run(settings).raise_for_problems()
        with connect(settings) as connection:
            frame = facts.measure(connection)
        (value,) = frame.loc[frame["delivery_id"] == delivery_id, fact]
        return None if pd.isna(value) else value

    return judge


@pytest.mark.parametrize(
    ("moment", "share"),
    [("2025-01-10 00:00:00", 0.0), ("2025-01-09 23:59:59", 1.0)],
    ids=["on_the_first_day", "the_day_before"],
)
def test_nobody_uses_an_account_before_it_is_opened(deliver, judge, moment, share):
    deliver("core_accounts", ACCOUNTS)
    deliver("core_postings", POSTINGS.format(moment=moment))

    assert judge("early_event_share", "core_postings/2025-01-31.1") == share


def test_what_no_account_knows_is_not_called_early(deliver, judge):
    deliver("core_postings", POSTINGS.format(moment="2025-01-09 00:00:00"))

    assert judge("early_event_share", "core_postings/2025-01-31.1") is None


@pytest.mark.parametrize(("currency", "share"), [("CNY", 0.0), ("USD", 1.0)])
def test_sources_agree_on_an_accounts_currency(deliver, judge, currency, share):
    deliver("core_accounts", ACCOUNTS)
    deliver("core_balances", balances(JANUARY, currency=currency))

    assert judge("unlike_register_share", "core_balances/2025-01-31.1") == share


@pytest.mark.parametrize(
    ("times", "share"), [(5, 0.0), (6, 0.0), (500, 1.0), (0.05, 1.0)]
)
def test_a_balance_in_the_wrong_unit_is_told_by_its_account(
    deliver, judge, times, share
):
    deliver("core_balances", balances(JANUARY))
    folder = deliver("core_balances", balances(JANUARY, times=times), FEBRUARY)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("2025-02-01T", "2025-03-01T"))
    move_to_february(folder)

    assert judge("slipped_share", "core_balances/2025-02-28.1") == pytest.approx(
        share, abs=0.05
    )


CARDS = ACCOUNTS.replace("null as card_number", "'4' || number as card_number")
WITHDRAWALS = """
    select
        'E' || number as event_number, '4' || number as card_number,
        'T1' as terminal_code, timestamp '{moment}' as occurred_at,
        'withdrawal' as event_type, 100.00 as amount, 'CNY' as currency_code
    from range(1, 21) as numbers (number)
"""


@pytest.mark.parametrize(
    ("moment", "times", "share"),
    [
        ("2025-01-10 12:00:00", 5, 1.0),
        ("2025-01-10 12:00:00", 6, 0.0),
        ("2024-12-31 12:00:00", 5, None),
    ],
    ids=["unmoved", "moved", "taken_out_before"],
)
def test_who_takes_money_out_has_another_balance(deliver, judge, moment, times, share):
    deliver("core_accounts", CARDS)
    deliver("core_balances", balances("2024-12-31"), date(2024, 12, 31))
    deliver("core_balances", balances(JANUARY, times=times))
    deliver("atm", WITHDRAWALS.format(moment=moment))

    assert judge("unmoved_share", "core_balances/2025-01-31.1") == share


def move_to_february(folder):
    (path,) = folder.glob("*.csv")
    path.write_text(path.read_text().replace("2025-01-31", "2025-02-28"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][0]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(("end", "share"), [(41, 1.0), (31, 0.75)])
def test_every_open_account_has_a_balance(deliver, judge, end, share):
    deliver("core_accounts", ACCOUNTS)
    deliver("core_balances", balances(JANUARY, end=end))

    assert judge("seen_account_share", "core_balances/2025-01-31.1") == share


@pytest.mark.parametrize(
    ("days", "missing"),
    [
        (["2025-01-31", "2025-02-28", "2025-03-31"], 0),
        (["2025-01-31", "2025-02-28", "2025-05-31"], 2),
        (["2025-01-02", "2025-01-03", "2025-01-06"], 0),
        (["2025-01-02", "2025-01-03", "2025-01-06", "2025-01-07", "2025-01-09"], 0),
        (["2025-01-01", "2025-01-02", "2025-01-07", "2025-01-08", "2025-01-14"], 1),
    ],
    ids=["months", "two_months", "week_end", "a_wednesday", "days"],
)
def test_dates_on_which_a_source_used_to_deliver_are_missed(
    deliver, judge, days, missing
):
    for day in map(date.fromisoformat, days):
        deliver("core_balances", balances(day), day)

    assert judge("missing_date_count", f"core_balances/{days[-1]}.1") == missing


def test_a_restatement_of_a_restatement_that_never_came_is_noticed(deliver, judge):
    folder = deliver("core_balances", balances(JANUARY))
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"sequence": 1', '"sequence": 3'))
    folder.rename(folder.with_name("2025-01-31.3"))

    assert judge("missing_sequence_count", "core_balances/2025-01-31.3") == 2


HISTORY = """
    select
        'A' || number as account_number,
        last_day(date '2023-12-31' + interval (month) month) as balance_date,
        number + month as balance, '{currency}' as currency_code
    from range(1, 41) as numbers (number), range(14) as months (month)
"""


def test_a_first_load_of_history_loses_no_row(deliver, judge):
    deliver("core_balances", HISTORY.format(currency="CNY"))

    assert judge("rows_missing", "core_balances/2025-01-31.1") == 0


def test_what_is_older_than_ten_weeks_is_judged_as_what_is_newer(deliver, judge):
    deliver("core_accounts", ACCOUNTS)
    old = f"""
        select * replace (
            if(balance_date < date '2024-06-01', 'USD', 'CNY') as currency_code
        ) from ({HISTORY.format(currency="CNY")})
    """
    deliver("core_balances", old)

    share = judge("unlike_register_share", "core_balances/2025-01-31.1")
    assert share == pytest.approx(6 / 14)


def test_a_delivery_of_old_days_alone_is_judged(deliver, judge):
    deliver("core_balances", balances("2020-01-31", times=3))

    delivery_id = "core_balances/2025-01-31.1"
    assert judge("rows_missing", delivery_id) == 0
    assert judge("filled_share", delivery_id) == 1
    assert judge("typical_amount", delivery_id) == pytest.approx(61.5)


def test_old_days_beside_a_new_delivery_are_all_there(deliver, judge):
    deliver("core_balances", balances(JANUARY))
    deliver("core_balances", balances("2019-12-31"), date(2019, 12, 31))

    for delivery_id in ("core_balances/2025-01-31.1", "core_balances/2019-12-31.1"):
        assert judge("rows_missing", delivery_id) == 0


def test_a_history_is_complete_if_the_accounts_of_its_last_day_are(deliver, judge):
    deliver("core_accounts", ACCOUNTS)
    deliver("core_balances", HISTORY.format(currency="CNY"))

    assert judge("seen_account_share", "core_balances/2025-01-31.1") == 1


@pytest.mark.parametrize(
    ("source", "query"),
    [
        (
            "core_postings",
            POSTINGS.format(moment="2021-03-04 05:06:07"),
        ),
        ("core_accounts", ACCOUNTS.replace("2025-01-10", "1999-12-31")),
        (
            "core_postings",
            POSTINGS.format(moment="2025-01-30 00:00:00")
            .replace("'P' ||", "'Q' ||")
            .replace("timestamp", "interval (number) month * -1 + timestamp"),
        ),
    ],
    ids=["events_of_years_ago", "a_register_of_years_ago", "years_of_events_at_once"],
)
def test_no_row_looks_lost_because_it_is_old(deliver, judge, source, query):
    deliver(source, query)

    delivery_id = f"{source}/2025-01-31.1"
    assert judge("rows_missing", delivery_id) == 0
    assert judge("filled_share", delivery_id) is not None
