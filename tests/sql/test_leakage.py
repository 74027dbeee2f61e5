"""Features hold nothing that could not be known, on a bank where much comes late."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.analysis import build
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

AS_OF_DATE = "2025-09-01"
CUT_OFF = f"{AS_OF_DATE} 06:00:00"
EVENT_SOURCES = ("atm", "branch", "card", "online", "phone", "core_postings")
PLAIN_RECOUNT = Path(__file__).with_name("plain_recount.sql").read_text("utf-8")


@pytest.fixture(scope="module")
def messy_bank(bank, tmp_path_factory):
    """The bank, but late, restated, restored, and with owners that change."""
    settings = _copy_warehouse(bank, tmp_path_factory.mktemp("messy"))
    with connect(settings) as connection:
        for source in load_contracts():
            _delay_rows(connection, source)
        for source in EVENT_SOURCES:
            # Restated with every fifth row only, and restored after the cut-off.
            _restate(connection, source, 2, "2025-08-10 09:00:00", "row_hash % 5 > 0")
            _restate(connection, source, 3, "2025-09-01 06:00:01", "true")
        _restate(connection, "core_accounts", 2, "2025-08-20 09:00:00", "true")
        _change_owners(connection)
    build.run(settings, select="+customer_features")
    return settings


def test_features_agree_with_a_plain_recount(messy_bank):
    with connect(messy_bank, read_only=True) as connection:
        for as_of_date in ("2025-03-01", "2025-08-01", AS_OF_DATE, "2026-05-01"):
            connection.execute(
                f"create or replace temp table recount as {PLAIN_RECOUNT}",
                {"as_of_date": date.fromisoformat(as_of_date)},
            )
            differing = {
                column: _count_differing(connection, column, as_of_date)
                for column in connection.table("recount").columns[1:]
            }
            assert {c: n for c, n in differing.items() if n} == {}


def test_features_are_the_same_without_later_rows(messy_bank, tmp_path):
    earlier = _copy_warehouse(messy_bank, tmp_path)
    with connect(earlier) as connection:
        for source, contract in load_contracts().items():
            connection.execute(f"""
                delete from raw.{source}
                where {contract.happened.name} >= '{AS_OF_DATE}'
                    or known_at > '{CUT_OFF}'
            """)
        connection.execute(f"""
            update ops.deliveries set status = 'held' where extracted_at > '{CUT_OFF}'
        """)
    build.run(earlier, select="+customer_features")

    with duckdb.connect() as connection:
        for name, settings in (("earlier", earlier), ("messy", messy_bank)):
            connection.execute(f"attach '{settings.warehouse}' as {name} (read_only)")
        before, after = (_select_features(name) for name in ("earlier", "messy"))
        (count,) = connection.execute(f"select count(*) from ({after})").fetchone()
        (differing,) = connection.execute(f"""
            select count(*) from (
                (({after}) except all ({before}))
                union all
                (({before}) except all ({after}))
            )
        """).fetchone()
    assert count > 800
    assert differing == 0


def _copy_warehouse(settings, folder):
    shutil.copy(settings.warehouse, folder / settings.warehouse.name)
    return Settings(home=folder)


def _delay_rows(connection, source):
    """Deliver some rows 5, 45 or 85 days after they were due."""
    late, lag = "row_hash % 20 < 3", "cast(row_hash % 20 as integer)"
    delivery_id = f"'{source}/late/' || cast(known_at as date) || '/' || {lag}"
    connection.execute(f"""
        insert into ops.deliveries by name
        select distinct
            {delivery_id} as delivery_id, '{source}' as source, 1 as sequence,
            -- No month's end, so that it replaces no other delivery.
            cast(known_at as date) - 10 - {lag} as business_date,
            known_at + to_days(5 + 40 * {lag}) as extracted_at, 'accepted' as status
        from raw.{source} where {late};
        update raw.{source} set
            delivery_id = {delivery_id},
            known_at = known_at + to_days(5 + 40 * {lag})
        where {late}
    """)


def _restate(connection, source, sequence, known_at, kept):
    """Deliver a month again, with the rows that are kept."""
    delivery_id = f"{source}/2025-06-30.{sequence}"
    connection.execute(f"""
        insert into ops.deliveries by name
        select
            '{delivery_id}' as delivery_id, '{source}' as source,
            date '2025-06-30' as business_date, {sequence} as sequence,
            timestamp '{known_at}' as extracted_at, 'accepted' as status;
        insert into raw.{source} by name
        select
            * replace (
                '{delivery_id}' as delivery_id, timestamp '{known_at}' as known_at
            )
        from raw.{source}
        where delivery_id = '{source}/2025-06-30.1' and {kept}
    """)


def _change_owners(connection):
    """Give some accounts, and their cards, to somebody else."""
    connection.execute("""
        insert into raw.core_accounts by name
        select
            * replace (
                (select min(customer_number) from raw.core_customers)
                    as customer_number,
                date '2025-05-20' as changed_date
            )
        from raw.core_accounts
        where delivery_id = 'core_accounts/2025-06-30.1' and row_hash % 3 = 0
    """)


def _count_differing(connection, column, as_of_date):
    """Count customers whose feature is not what the recount says; nothing is nought."""
    unseen = "null" if column.startswith("days_since") else "0"
    (count,) = connection.execute(f"""
        select count(*)
        from marts.customer_features as features
        left join recount using (customer_id)
        where features.as_of_date = '{as_of_date}'
            and features.{column}
            is distinct from coalesce(cast(recount.{column} as double), {unseen})
    """).fetchone()
    return count


def _select_features(database):
    return f"from {database}.marts.customer_features where as_of_date = '{AS_OF_DATE}'"
