"""Somebody registered twice is one customer, from when that was known (law 5)."""

import pytest

from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

BEFORE, AFTER = "2025-03-01", "2025-04-01"


@pytest.fixture(scope="module")
def bank(handmade_bank):
    """Li, registered in 2020, comes again in 2025 as ``again``; known on 15 March."""
    handmade_bank.deliver_registers("2025-01-31", "li", "zhang")
    handmade_bank.deliver_registers("2025-02-28", "again", since="2025-02-03")
    handmade_bank.deliver(
        "atm", "2025-01-31", [handmade_bank.atm("li", "2025-01-10", 1)]
    )
    handmade_bank.deliver(
        "atm", "2025-02-28", [handmade_bank.atm("again", "2025-02-10", 10)]
    )
    handmade_bank.deliver(
        "atm",
        "2025-03-31",
        [
            handmade_bank.atm("again", "2025-03-20", 100),
            handmade_bank.atm("zhang", "2025-03-20", 1000),
        ],
    )
    with connect(handmade_bank.settings) as connection:
        connection.execute("""
            insert into ops.identity_changes values (
                'core_customers', 'again', 'li', 'merge', 'same_document', 33,
                '2025-03-15 01:10', '2020-01-01'
            )
        """)
    handmade_bank.build()
    return handmade_bank


def spent(bank, as_of_date):
    return dict(
        bank.query(f"""
            select customer_id, debit_amount_sum_90d_cny from marts.customer_features
            where as_of_date = '{as_of_date}'
        """)
    )


def test_before_the_merge_was_known_they_are_two_customers(bank):
    assert spent(bank, BEFORE) == {"li": 1, "again": 10, "zhang": 0}


def test_once_it_is_known_the_first_number_has_what_both_have_done(bank):
    assert spent(bank, AFTER) == {"li": 111, "zhang": 1000}


def test_the_person_has_been_a_customer_since_the_first_registration(bank):
    assert bank.read("customer_features", "tenure_days", "li", AFTER) == 1917


def test_today_there_is_one_customer_with_both_accounts(bank):
    assert bank.query("""
        select customer_id, open_account_count
        from intermediate.int_customers_registered order by all
    """) == [("li", 2), ("zhang", 1)]
