"""What counts at a snapshot, to the second.

Amounts are powers of ten, so that a wrong edge shows as a wrong digit.
"""

import shutil

import pytest

from pipelines.analysis import build
from pipelines.foundation.parameters import PROJECT
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

CUSTOMERS = (
    "windows",
    "cutoff",
    "restated",
    "withdrawn",
    "silent",
    "gap",
    "first_second",
    "last_second",
    "after",
    "closing",
    "complaining",
    "unknown_code",
)


@pytest.fixture(scope="module")
def edges(handmade_bank):
    bank = handmade_bank
    bank.deliver_registers("2025-01-31", *CUSTOMERS)
    bank.deliver("atm", "2025-01-31", [bank.atm("windows", "2025-01-31 23:59:59", 1)])
    bank.deliver(
        "atm",
        "2026-01-31",
        [
            bank.atm("windows", "2025-02-01 00:00:00", 10),
            bank.atm("windows", "2025-11-02 23:59:59", 100),
            bank.atm("windows", "2025-11-03 00:00:00", 1_000),
            bank.atm("windows", "2026-01-01 23:59:59", 10_000),
            bank.atm("windows", "2026-01-02 00:00:00", 100_000),
            bank.atm("windows", "2026-01-31 23:59:59", 1_000_000),
            bank.atm("windows", "2026-02-01 00:00:00", 10_000_000),
        ],
    )
    _deliver_what_comes_late(bank)
    _deliver_outcomes(bank)
    _deliver_what_no_seed_knows(bank)
    bank.build()
    return bank


def _deliver_what_no_seed_knows(bank):
    customer, since = "unknown_code", "2025-06-01"
    accounts = {"known": ("WM01", 1), "new": ("ZZZ99", 10), "new_loan": ("ZZZ98", -100)}
    bank.deliver(
        "core_accounts",
        "2026-01-30",
        [
            bank.account(customer, since, name, product_code=code)
            for name, (code, _) in accounts.items()
        ],
    )
    bank.deliver(
        "core_balances",
        "2026-01-31",
        [
            {
                "account_number": f"{customer}-{name}",
                "balance_date": "2026-01-31",
                "balance": balance,
                "currency_code": "CNY",
            }
            for name, (_, balance) in accounts.items()
        ],
    )
    bank.deliver(
        "core_subscriptions",
        "2026-01-31",
        [
            {
                "subscription_number": code,
                "account_number": f"{customer}-new",
                "product_code": code,
                "subscribed_date": "2026-01-15",
                "amount": amount,
                "currency_code": "CNY",
            }
            for code, amount in (("WM01", 1), ("ZZZ99", 10))
        ],
    )


def test_money_of_a_product_that_no_seed_knows_counts_everywhere(edges):
    of_customer = "where customer_id = 'unknown_code'"
    assert edges.query(f"""
        select product_code, product_family, balance_cny from marts.accounts
        {of_customer} and balance is not null order by all
    """) == [
        ("WM01", "wealth", 1),
        ("ZZZ98", "unknown", -100),
        ("ZZZ99", "unknown", 10),
    ]
    assert edges.query("""
        select product_code, open_account_count, balance_cny from marts.products
        where product_family = 'unknown' order by all
    """) == [("ZZZ98", 1, -100), ("ZZZ99", 1, 10)]
    assert edges.query(f"""
        select unknown_balance_cny, invested_balance_cny, owed_balance_cny,
            net_assets_cny, relationship_balance_cny
        from intermediate.int_customers_registered {of_customer}
    """) == [(10, 1, 100, -89, 11)]
    total, owed, count, paid = (
        edges.read("customer_features", column, "unknown_code", "2026-02-01")
        for column in (
            "total_balance_cny",
            "owed_balance_cny",
            "subscription_count_365d",
            "subscription_amount_sum_365d_cny",
        )
    )
    assert (total, owed, count, paid) == (11, 100, 2, 11)


def _deliver_what_comes_late(bank):
    cutoff, restated = "cutoff", "restated"
    bank.deliver(
        "atm",
        "2026-01-29",
        [bank.atm(cutoff, "2026-01-20 12:00:00", 1)],
        known_at="2026-02-01 06:00:00",
    )
    bank.deliver(
        "atm",
        "2026-01-30",
        [bank.atm(cutoff, "2026-01-20 12:00:00", 10)],
        known_at="2026-02-01 06:00:01",
    )
    bank.deliver(
        "atm",
        "2025-12-31",
        [
            bank.atm(restated, "2025-12-15 12:00:00", 1, event_number="R"),
            bank.atm("withdrawn", "2025-12-15 12:00:00", 1),
        ],
    )
    bank.deliver(
        "atm",
        "2025-12-31",
        [bank.atm(restated, "2025-12-15 12:00:00", 10, event_number="R")],
        sequence=2,
        known_at="2026-01-10 09:00:00",
    )


def _deliver_outcomes(bank):
    """As seen from 2025-08-01: the outcome is [2025-08-15, 2025-11-13)."""
    active = ("gap", "first_second", "last_second", "after", "closing")
    bank.deliver(
        "atm",
        "2025-07-31",
        [
            bank.atm(customer, f"2025-07-{day} 12:00:00")
            for customer in active
            for day in (10, 20)
        ],
    )
    bank.deliver(
        "atm",
        "2025-11-30",
        [
            bank.atm("gap", "2025-08-14 23:59:59"),
            bank.atm("first_second", "2025-08-15 00:00:00"),
            bank.atm("last_second", "2025-11-12 23:59:59"),
            bank.atm("after", "2025-11-13 00:00:00"),
            bank.atm("closing", "2025-10-01 12:00:00"),
        ],
    )
    closed = {"status": "closed", "closed_date": "2025-11-12"}
    bank.deliver(
        "core_accounts", "2025-11-30", [bank.account("closing", "2025-11-12", **closed)]
    )


@pytest.mark.parametrize(
    ("days", "expected"), [(30, 1_100_000), (90, 1_111_000), (365, 1_111_110)]
)
def test_a_window_is_the_days_before_the_snapshot_to_the_second(edges, days, expected):
    column = f"debit_amount_sum_{days}d_cny"
    assert edges.read("customer_features", column, "windows", "2026-02-01") == expected


def test_what_is_known_at_the_cut_off_counts_and_a_second_later_does_not(edges):
    column = "debit_amount_sum_30d_cny"
    assert edges.read("customer_features", column, "cutoff", "2026-02-01") == 1


@pytest.mark.parametrize(
    ("as_of_date", "expected"), [("2026-01-01", 1), ("2026-02-01", 10)]
)
def test_a_restatement_counts_from_when_it_was_known(edges, as_of_date, expected):
    column = "debit_amount_sum_90d_cny"
    assert edges.read("customer_features", column, "restated", as_of_date) == expected


@pytest.mark.parametrize(
    ("as_of_date", "expected"), [("2026-01-01", 17), ("2026-02-01", None)]
)
def test_what_a_restatement_left_out_is_forgotten(edges, as_of_date, expected):
    column = "days_since_customer_event"
    assert edges.read("customer_features", column, "withdrawn", as_of_date) == expected


def test_a_day_said_twice_is_one_active_day(edges):
    column = "customer_active_day_count_90d"
    assert edges.read("customer_features", column, "restated", "2026-02-01") == 1


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("customer_event_count_365d", 0),
        ("debit_amount_sum_90d_cny", 0),
        ("days_since_customer_event", None),
        ("customer_event_ratio_30d_to_90d", None),
        ("open_account_count", 1),
    ],
)
def test_who_does_nothing_keeps_a_row(edges, column, expected):
    assert edges.read("customer_features", column, "silent", "2026-02-01") == expected


@pytest.mark.parametrize(
    ("customer", "has_churned"),
    [
        ("gap", True),
        ("first_second", False),
        ("last_second", False),
        ("after", True),
        ("closing", True),
        ("silent", None),
    ],
)
def test_the_outcome_is_90_days_after_a_gap_of_14(edges, customer, has_churned):
    label = edges.read("customer_labels", "has_churned_90d", customer, "2025-08-01")
    assert label is has_churned


def test_a_label_waits_until_every_source_has_told(edges):
    known = edges.query("""
        select max(as_of_date) from marts.customer_labels
        where has_churned_90d is not null
    """)
    # The next snapshot's outcome ends on 2026-02-13; the last delivery was of 01-31.
    assert [str(date) for (date,) in known] == ["2025-10-01"]


@pytest.fixture(scope="module")
def later_edges(edges, copy_home, tmp_path_factory):
    """The same bank, where the lead is 30 days: one number of dbt_project.yml."""
    project = tmp_path_factory.mktemp("later") / "dbt_project"
    shutil.copytree(PROJECT, project)
    path = project / "dbt_project.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count("lead_days: 14") == 1
    path.write_text(text.replace("lead_days: 14", "lead_days: 30"), encoding="utf-8")
    settings = copy_home(edges.settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "PROJECT", project)
        build.run(settings, select="+customer_labels", full_refresh=True)
    return settings


@pytest.mark.parametrize(
    ("customer", "has_churned"),
    [
        ("gap", True),
        ("first_second", True),
        ("last_second", False),
        ("after", False),
        ("closing", True),
        ("silent", None),
    ],
)
def test_another_lead_is_one_edit(later_edges, customer, has_churned):
    with connect(later_edges, read_only=True) as connection:
        (row,) = connection.execute(
            """
            select has_churned_90d, cast(churn_label_known_date as varchar)
            from marts.customer_labels
            where customer_id = ? and as_of_date = '2025-08-01'
            """,
            [customer],
        ).fetchall()

    # The outcome is [2025-08-31, 2025-11-29).
    assert row == (has_churned, "2025-11-29")
