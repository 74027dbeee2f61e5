"""A customer's history: one row for any day and moment, in any order of arrival."""

import pytest

from pipelines.analysis import build
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

HISTORY = "marts.customer_history"
DAYS = (
    ("2025-01-10", "B1", "2025-02-01 01:00:00"),
    ("2025-03-10", "B3", "2025-04-01 01:00:00"),
    # Late: true before the row above, and known after it.
    ("2025-02-10", "B2", "2025-05-01 01:00:00"),
    # Said again of the same day, the later word counts.
    ("2025-03-10", "B4", "2025-06-01 01:00:00"),
)


@pytest.fixture
def told(handmade_bank):
    """Tell the bank of a customer's moves, in some order, and read the history."""

    def tell(name, order):
        for number, index in enumerate(order):
            changed_date, branch, known_at = DAYS[index]
            moved = handmade_bank.customer(
                name,
                changed_date=changed_date,
                registered_date="2025-01-10",
                branch_code=branch,
            )
            handmade_bank.deliver(
                "core_customers",
                # A business date of its own, so that none restates another.
                f"20{10 + index}-{int(name[-1]) + 1:02}-{number + 1:02}",
                [moved],
                known_at=known_at,
            )

    return tell


def test_any_order_of_arrival_gives_the_same_history(handmade_bank, told):
    orders = ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2))
    for number, order in enumerate(orders):
        told(f"customer{number}", order)
    # There are no other marts for it to relate to.
    build.run(
        handmade_bank.settings,
        select="+customer_history",
        exclude="test_name:relationships",
    )
    histories = {
        tuple(
            handmade_bank.query(f"""
                select
                    valid_from_date, valid_to_date, known_at, known_until_at, branch_id
                from {HISTORY} where customer_id = 'customer{number}' order by all
            """)
        )
        for number in range(len(orders))
    }
    assert len(histories) == 1
    assert len(histories.pop()) == 1 + 2 + 3 + 3


def test_there_is_one_row_for_any_day_and_moment(bank):
    with connect(bank, read_only=True) as connection:
        rows = connection.execute(f"""
            with moments as (
                select distinct customer_id, known_at from {HISTORY}
            ),
            days as (
                select
                    customer_id, known_at, valid_from_date as day,
                    min(valid_from_date) over (partition by customer_id, known_at)
                        as first_day
                from moments inner join {HISTORY} using (customer_id, known_at)
            )
            select count(*) from days
            inner join {HISTORY} as history
                on days.customer_id = history.customer_id
                and days.known_at >= history.known_at
                and coalesce(days.known_at < history.known_until_at, true)
                and days.day >= history.valid_from_date
                and coalesce(days.day < history.valid_to_date, true)
            group by days.customer_id, days.known_at, days.day
        """).fetchall()
    assert len(rows) > 0
    assert {count for (count,) in rows} == {1}


def test_what_is_believed_today_has_one_current_row_per_customer(bank):
    with connect(bank, read_only=True) as connection:
        ((currents, customers),) = connection.execute(f"""
            select
                count(*) filter (where is_current),
                count(distinct customer_id)
            from {HISTORY}
        """).fetchall()
    assert currents == customers > 0
