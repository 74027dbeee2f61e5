"""dbt called without `crm build`: history is whole, or one line says why it is not."""

import os
import subprocess
import sys

import pytest

from pipelines.analysis import build
from pipelines.foundation.errors import UsageError
from pipelines.foundation.warehouse import connect

COUNTED = """
    select 'features' as mart, as_of_date, count(*) from marts.customer_features
    group by all
    union all
    select 'labels', as_of_date, count(*) from marts.customer_labels group by all
    union all
    select 'months', as_of_date, count(*) from marts.customer_months group by all
    union all
    select 'transactions', null, count(*) from marts.transactions
    union all
    select 'service', month_date, count(*) from marts.channel_service group by all
    order by all
"""


@pytest.fixture(scope="module")
def live(handmade_bank):
    """A bank of four snapshots after a night that touched one of them."""
    bank = handmade_bank
    bank.deliver_registers("2025-01-31", "zhang", "li")
    for day in ("2025-01-31", "2025-02-28", "2025-03-31"):
        bank.deliver("atm", day, [bank.atm("zhang", f"{day} 12:00:00", 1)])
    bank.build()
    bank.deliver("atm", "2025-04-01", [bank.atm("li", "2025-04-01 12:00:00", 1)])
    bank.build()
    assert bank.query("select count(*) from intermediate.int_as_of_dates_touched") == [
        (1,)
    ]
    return bank


@pytest.fixture
def home(live, copy_home):
    return copy_home(live.settings)


def run_dbt(settings, *arguments):
    """Start dbt as from a terminal, and return its exit code and what it printed."""
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", *arguments]
    folder = settings.home / "dbt"
    completed = subprocess.run(
        [*command, "--target-path", str(folder), "--log-path", str(folder / "logs")],
        env=os.environ
        | {
            "CRM_WAREHOUSE": str(settings.warehouse),
            "DBT_PROJECT_DIR": str(build.PROJECT),
            "DBT_PROFILES_DIR": str(build.PROJECT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.returncode, completed.stdout + completed.stderr


def count(settings):
    with connect(settings, read_only=True) as connection:
        return connection.execute(COUNTED).fetchall()


def test_a_full_refresh_by_dbt_itself_leaves_every_snapshot(home):
    before = count(home)
    assert len({day for mart, day, _ in before if mart == "features"}) == 4

    code, _ = run_dbt(home, "run", "--full-refresh", "--exclude", "source:ml+")

    assert code == 0
    assert count(home) == before


def test_a_table_that_is_missing_or_empty_is_whole_again_after_a_night(home):
    before = count(home)
    with connect(home) as connection:
        connection.execute("""
            drop table marts.customer_months;
            delete from marts.customer_labels;
            delete from marts.transactions;
            delete from marts.channel_service
        """)

    build.run(home, exclude="source:ml+")

    assert count(home) == before


def test_history_is_never_built_from_tables_that_hold_one_night(home):
    before = count(home)
    line = (
        "customer_features cannot be built whole without int_account_versions, which "
        "may hold one night, so nothing was built. Select +customer_features."
    )

    code, printed = run_dbt(
        home, "run", "--full-refresh", "--select", "customer_features"
    )
    assert code == 1
    assert line in printed
    with pytest.raises(UsageError) as raised:
        build.run(home, select="customer_features")
    assert str(raised.value) == line
    assert count(home) == before


def test_dbt_builds_no_night_from_old_notes(home, live):
    bank = type(live)(home.home)
    bank.deliver("atm", "2025-04-02", [bank.atm("li", "2025-04-02 12:00:00", 1)])
    before = count(home)

    code, printed = run_dbt(home, "run")

    assert code == 1
    assert "Start `crm build`, or dbt with --full-refresh." in printed
    assert count(home) == before


def test_dbt_may_repeat_the_night_that_was_built(home):
    before = count(home)

    code, _ = run_dbt(home, "run", "--exclude", "source:ml+")

    assert code == 0
    assert count(home) == before
