"""The bank's numbers are dated rows: a change works from its day on, and alone."""

import pytest

from pipelines.analysis import build
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

MONTHS = "marts.customer_months"


@pytest.fixture(scope="module")
def changed_bank(bank, copy_home):
    """The bank, where from a past day on the lines of two rules are others."""
    settings = copy_home(bank)
    with connect(settings) as connection:
        connection.execute(f"create table before as from {MONTHS}")
        connection.execute("""
            insert into seeds.tier_thresholds values
                ('private_net_assets_cny', 'at_least', 100000, '2025-10-01');
            insert into seeds.channel_costs values ('branch', 99, '2026-02-28')
        """)
    # The seeds stay as they were edited, and all of history is judged by them.
    build.run(settings, exclude="source:ml+ resource_type:seed", full_refresh=True)
    return settings


@pytest.mark.parametrize(
    ("column", "first_as_of_date"),
    [
        # The day itself is the last that the snapshot of the next month begins after.
        ("tier", "2025-11-01"),
        # In force on the last day of February, and so at the first of March.
        ("cost_to_serve_cny", "2026-03-01"),
        ("contribution_cny", "2026-03-01"),
    ],
)
def test_a_changed_number_changes_what_it_should_from_its_day_on(
    changed_bank, column, first_as_of_date
):
    assert first_differing(changed_bank, column) == first_as_of_date


@pytest.mark.parametrize(
    "column",
    [
        "net_assets_cny",
        "relationship_balance_hkd",
        "household_id",
        "pyramid_level",
        "loyalty_stage",
        "margin_amount_cny",
        "fee_amount_cny",
        "expected_loss_amount_cny",
        "is_high_by_net_assets",
    ],
)
def test_a_changed_number_changes_nothing_else(changed_bank, column):
    assert first_differing(changed_bank, column) is None


def test_only_those_between_the_lines_change_tier(changed_bank):
    with connect(changed_bank, read_only=True) as connection:
        rows = connection.execute(f"""
            select
                after.tier != before.tier,
                after.tier = 'private'
                    and before.tier != 'private'
                    and after.net_assets_cny between 100000 and 5999999.99
            from {MONTHS} as after
            inner join before using (customer_id, as_of_date)
            where as_of_date > '2025-10-01'
        """).fetchall()
    assert sum(is_changed for is_changed, _ in rows) > 0
    assert all(is_changed == is_between for is_changed, is_between in rows)


def first_differing(settings, column):
    """Find the first snapshot at which a column is not what it was before."""
    with connect(settings, read_only=True) as connection:
        ((as_of_date,),) = connection.execute(f"""
            select cast(min(as_of_date) as varchar)
            from {MONTHS} as after
            full join before using (customer_id, as_of_date)
            where after.{column} is distinct from before.{column}
        """).fetchall()
    return as_of_date
