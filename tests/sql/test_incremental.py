"""Whatever comes in, in whatever order, a night leaves what one full build leaves.

F19, F20, F21 and F22 of the list of faults.
"""

import random
import shutil
from datetime import date

import pytest

from pipelines.analysis import build
from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.warehouse import connect

NIGHTS = 5
# An event's delivery may be taken back; so may a register's, which makes a full build.
EVENTS = ("atm", "branch", "card", "online", "phone", "core_postings")


@pytest.fixture
def home(bank, copy_home):
    """A copy of the bank, whose last good build was of all its deliveries."""
    return copy_home(bank)


@pytest.fixture
def find_differing_marts(copy_home, warm_dbt):
    """Compare a home's marts with those that a full build makes."""

    def find_differing_marts(home):
        """Name each mart that a full build of the same deliveries makes otherwise."""
        full = copy_home(home)
        with warm_dbt.without_tests():
            build.run(full, exclude="source:ml+", full_refresh=True)
        with connect(full) as connection:
            connection.execute(f"attach '{home.warehouse}' as nightly (read_only)")
            marts = connection.execute("""
                select table_name from duckdb_tables()
                where database_name = current_database() and schema_name = 'marts'
            """).fetchall()
            return [
                mart
                for (mart,) in marts
                if _count(
                    connection,
                    f"(from marts.{mart} except all from nightly.marts.{mart})",
                )
                or _count(
                    connection,
                    f"(from nightly.marts.{mart} except all from marts.{mart})",
                )
            ]

    return find_differing_marts


def test_a_row_that_comes_two_years_late_touches_only_what_could_know_of_it(
    home, find_differing_marts
):
    with connect(home) as connection:
        before = _read_snapshots(connection)
        _deliver_again(
            connection,
            "atm/2026-06-30.1",
            "atm/2026-06-29.1",
            known_at="2026-07-01 02:00:00",
            kept="row_hash % 50 = 0",
            otherwise="""
                'late' || event_number as event_number,
                occurred_at - interval 2 year as occurred_at
            """,
        )

    build.run(home, exclude="source:ml+")

    with connect(home, read_only=True) as connection:
        after = _read_snapshots(connection)
        touched = connection.execute(
            "select as_of_date from intermediate.int_as_of_dates_touched"
        ).fetchall()
    assert touched == [(date(2026, 7, 1),)]
    assert {day for day in before if before[day] != after[day]} == {date(2026, 7, 1)}
    assert find_differing_marts(home) == []


@pytest.mark.parametrize("seed", [1])
def test_five_nights_in_any_order_leave_what_one_full_build_leaves(
    home, find_differing_marts, warm_dbt, seed
):
    rng = random.Random(seed)  # noqa: S311 - an order of arrival
    with connect(home) as connection:
        waiting = _hold_back(connection, rng)
    with warm_dbt.without_tests():
        build.run(home, exclude="source:ml+", full_refresh=True)
    steps = [_restate, _withdraw, _say_again, _merge, _accept_again]

    for night in range(NIGHTS):
        arriving, waiting = waiting[: len(waiting) // 2], waiting[len(waiting) // 2 :]
        if night == NIGHTS - 1:
            arriving, waiting = arriving + waiting, []
        with connect(home) as connection:
            _accept(connection, arriving)
            steps[night](connection, rng)
        build.run(home, exclude="source:ml+")
        with connect(home, read_only=True) as connection:
            assert _count(connection, "ops.changed_deliveries") > 0

    assert find_differing_marts(home) == []


@pytest.fixture(scope="module")
def nights(handmade_bank, copy_home):
    """A bank of three customers, of which two nights change old months."""
    bank = handmade_bank
    bank.deliver_registers("2025-01-31", "zhang", "li")
    for day in ("2025-01-31", "2025-02-28", "2025-03-31"):
        rows = [bank.atm(who, f"{day} 12:00:00", 1) for who in ("zhang", "li", "wang")]
        bank.deliver("atm", day, rows)
    bank.build()

    # Who wang is turns out late, and a delivery without a row has no month.
    bank.deliver_registers("2025-04-30", "wang")
    bank.deliver("card", "2025-04-30", [])
    bank.build()
    first = copy_home(bank.settings)

    # What was said of zhang's and li's accounts is taken back.
    bank.deliver(
        "core_accounts", "2025-01-31", [], sequence=2, known_at="2025-05-02 01:00:00"
    )
    bank.deliver("atm", "2025-05-01", [])
    bank.build()
    return first, bank.settings


def test_old_months_whose_customers_become_known_stand_once(
    nights, find_differing_marts
):
    first, _ = nights
    with connect(first, read_only=True) as connection:
        assert connection.execute("""
            select month_date, customer_event_count, customer_count
            from marts.channel_service order by all
        """).fetchall() == [(date(2025, month, 1), 3, 3) for month in (1, 2, 3)]
    assert find_differing_marts(first) == []


def test_what_a_register_takes_back_is_no_customers(nights, find_differing_marts):
    _, second = nights
    with connect(second, read_only=True) as connection:
        assert connection.execute("""
            select customer_id, count(*) from marts.transactions group by all
            order by customer_id nulls last
        """).fetchall() == [("wang", 3), (None, 6)]
        assert _count(connection, "ops.changed_deliveries") == 3
    assert find_differing_marts(second) == []


def test_a_night_finds_a_row_of_another_delivery_that_stands_twice(
    handmade_bank, nights, copy_home
):
    bank = type(handmade_bank)(copy_home(nights[1]).home)
    with connect(bank.settings) as connection:
        connection.execute("""
            insert into marts.transactions from marts.transactions
            where delivery_id = 'atm/2025-03-31.1' and transaction_id like '%wang%'
        """)
    bank.deliver("atm", "2025-05-02", [bank.atm("wang", "2025-03-01 12:00:00", 1)])

    with pytest.raises(DataQualityError) as raised:
        bank.build()
    assert "test unique_transactions_transaction_id: 1 rows" in str(raised.value)


def test_a_row_beside_what_a_night_replaces_is_never_written(
    handmade_bank, nights, copy_home, tmp_path, monkeypatch
):
    bank = type(handmade_bank)(copy_home(nights[1]).home)
    bank.deliver("atm", "2025-05-02", [bank.atm("wang", "2025-05-02 12:00:00", 1)])
    project = shutil.copytree(build.PROJECT, tmp_path / "dbt_project")
    model = project / "models" / "marts" / "activity" / "channel_service.sql"
    model.write_text(model.read_text("utf-8").replace("is_kept()", "false"), "utf-8")
    version = build.dbt_code_version()
    monkeypatch.setattr(build, "PROJECT", project)
    monkeypatch.setattr(build, "dbt_code_version", lambda: version)
    before = bank.query("from marts.channel_service order by all")

    with pytest.raises(DataQualityError, match="model channel_service: error"):
        bank.build()
    assert bank.query("from marts.channel_service order by all") == before


def _hold_back(connection, rng):
    """Hold a third of what came in over the last half year, in no order."""
    rows = connection.execute("""
        select delivery_id from ops.deliveries
        where business_date > '2025-12-31' and hash(delivery_id) % 3 = 0
        order by all
    """).fetchall()
    held = [delivery_id for (delivery_id,) in rows]
    rng.shuffle(held)
    _set_status(connection, held, "held")
    return held


def _accept(connection, delivery_ids):
    _set_status(connection, delivery_ids, "accepted")


def _restate(connection, rng):
    """Say of two months something else than before, once in the past and once now."""
    for known_at in ("2026-03-10 09:00:00", "2026-07-01 05:00:00"):
        delivery_id = f"{rng.choice(EVENTS)}/2026-02-28.1"
        _deliver_again(
            connection,
            delivery_id,
            delivery_id.replace(".1", f".{rng.randint(2, 99)}"),
            known_at=known_at,
            kept="row_hash % 10 > 0",
        )


def _withdraw(connection, rng):
    _set_status(connection, [f"{rng.choice(EVENTS)}/2026-01-31.1"], "withdrawn")


def _accept_again(connection, _):
    connection.execute("""
        update ops.deliveries set status = 'accepted' where status = 'withdrawn'
    """)


def _say_again(connection, _):
    """Deliver what was delivered: a duplicate, of which nothing is loaded."""
    connection.execute("""
        insert into ops.deliveries
        select * replace (
            delivery_id || '.again' as delivery_id, sequence + 1 as sequence,
            'duplicate' as status, 0 as rows_loaded
        )
        from ops.deliveries where business_date = '2026-03-31'
    """)


def _merge(connection, _):
    """Find out that two customers are one, who has been registered twice."""
    connection.execute("""
        insert into ops.identity_changes
        select
            'core_customers', max(customer_number), min(customer_number), 'merge',
            'document', 1, timestamp '2026-06-15 01:10:00', min(registered_date)
        from (
            select customer_number, registered_date from raw.core_customers
            where customer_number not in (select number from ops.identity_changes)
            order by registered_date, customer_number limit 2
        )
    """)


def _deliver_again(
    connection,
    delivery_id,
    other_id,
    *,
    known_at,
    kept,
    otherwise="occurred_at as occurred_at",
):
    """Deliver rows of a delivery in another one."""
    source, name = other_id.split("/")
    connection.execute(f"""
        insert into ops.deliveries
        select * replace (
            '{other_id}' as delivery_id, '{name}'[:10] as business_date,
            {name.split(".")[1]} as sequence, timestamp '{known_at}' as extracted_at,
            'accepted' as status
        )
        from ops.deliveries where delivery_id = '{delivery_id}';
        insert into raw.{source} by name
        select * replace (
            '{other_id}' as delivery_id, timestamp '{known_at}' as known_at,
            {otherwise}
        )
        from raw.{source} where delivery_id = '{delivery_id}' and {kept}
    """)


def _set_status(connection, delivery_ids, status):
    connection.execute(
        "update ops.deliveries set status = ? where list_contains(?, delivery_id)",
        [status, delivery_ids],
    )


def _read_snapshots(connection):
    """Sum up what features say at each snapshot."""
    return dict(
        connection.execute("""
            select as_of_date, sum(hash(features))
            from marts.customer_features as features group by as_of_date
        """).fetchall()
    )


def _count(connection, relation):
    (count,) = connection.execute(f"select count(*) from {relation}").fetchone()
    return count
