"""Building the features with dbt, against one hand-written query of the same events."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines import build
from pipelines.settings import Settings
from pipelines.warehouse import connect, prepare

EVENTS_PER_CUSTOMER = 100
MONTHS = 24
CHANNELS = {
    "atm": ("event_number", "card_number", "card", "withdrawal"),
    "branch": ("visit_number", "customer_number", "customer", "deposit"),
    "card": ("posting_number", "card_number", "card", "purchase"),
    "online": ("event_number", "login_name", "login", "payment"),
}
ORIGIN = """
    '{source}/' || last_day({day}) || '.1' as delivery_id,
    cast(last_day({day}) + 1 as timestamp) + interval 70 minute as known_at
"""
DAY = "date '2024-01-01' + cast(number * {days} // {rows} as integer)"
# Aggregate to customer and day once, then windows over it; joined by range to the
# snapshots only after that, as a good analyst would.
BY_HAND = """
    create or replace table features as
    with events as (
        select 'atm' as channel, card_number as identifier, occurred_at, amount
        from raw.atm
        union all
        select 'branch', customer_number, occurred_at, amount from raw.branch
        union all
        select 'card', card_number, occurred_at, amount from raw.card
        union all
        select 'online', login_name, occurred_at, amount from raw.online
    ),
    links as (
        select card_number as identifier, customer_number from raw.core_accounts
        union all
        select login_name, customer_number from raw.core_customers
        union all
        select customer_number, customer_number from raw.core_customers
    ),
    days as (
        select
            customer_number, cast(occurred_at as date) as day, count(*) as events,
            {counts},
            coalesce(-sum(amount) filter (amount < 0), 0) as debit,
            coalesce(sum(amount) filter (amount > 0), 0) as credit
        from events inner join links using (identifier) group by all
    ),
    snapshots as (
        select customer_number, cast(as_of_date as date) as as_of_date
        from raw.core_customers cross join generate_series(
            date '2024-02-01', date '2026-01-01', interval 1 month
        ) as months (as_of_date)
    )
    select
        snapshots.customer_number, as_of_date,
        date_diff('day', max(day), as_of_date) as days_since_customer_event,
        {windows}
    from snapshots
    left join days
        on snapshots.customer_number = days.customer_number
        and days.day < as_of_date and days.day >= as_of_date - 365
    group by snapshots.customer_number, as_of_date
"""


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare ``crm build`` up to the features, and of everything, with one query."""
    home = folder / "home"
    write_warehouse(home, rows)
    figures = stopwatch.measure(
        hand=(build_by_hand, home),
        features=(build_with_dbt, home, "+customer_features"),
        everything=(build_with_dbt, home, None),
    )
    hand, features = figures["hand"].seconds, figures["features"].seconds
    yield (
        f"build     {rows:,} events of {rows // EVENTS_PER_CUSTOMER:,} customers × "
        f"{MONTHS} months: {features:.1f} s to the features "
        f"({features / hand:.1f} × one query for the events' part of them), "
        f"{figures['everything'].seconds:.1f} s in all"
    )


def build_with_dbt(home: Path, select: str | None) -> None:
    """Build in full."""
    build.run(Settings(home=home), select=select, exclude="source:ml+")


def build_by_hand(home: Path) -> None:
    """Count the events of all snapshots in one query."""
    counts = ", ".join(
        f"count(*) filter (channel = '{channel}') as {channel}" for channel in CHANNELS
    )
    windows = ", ".join(
        f"coalesce(sum({measure}) filter (day >= as_of_date - {days}), 0)"
        f" as {measure}_{days}d"
        for measure in ("events", *CHANNELS, "debit", "credit")
        for days in (30, 90, 180, 365)
    )
    with duckdb.connect(home / "hand.duckdb", config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(
            f"attach '{Settings(home=home).warehouse}' as bank (read_only)"
        )
        connection.execute("create schema if not exists raw")
        for source in (*CHANNELS, "core_accounts", "core_customers"):
            connection.execute(
                f"create or replace view raw.{source} as from bank.raw.{source}"
            )
        connection.execute(BY_HAND.format(counts=counts, windows=windows))


def write_warehouse(home: Path, rows: int) -> None:
    """Write a bank's raw rows, all accepted and in time, without ingesting them."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    customers = max(rows // EVENTS_PER_CUSTOMER, 1)
    day = DAY.format(days=365 * 2 + 1, rows=rows // len(CHANNELS))
    with connect(Settings(home=home)) as connection:
        prepare(connection)
        for source, (key, name, kind, event_type) in CHANNELS.items():
            connection.execute(f"""
                insert into raw.{source} by name
                select
                    'E' || number as {key},
                    '{kind}' || hash(number, '{source}') % {customers} as {name},
                    cast({day} as timestamp) + interval 12 hour as occurred_at,
                    '{event_type}' as event_type, 'CNY' as currency_code,
                    (cast(hash(number) % 100000 as integer) - 70000) / 100 as amount,
                    {ORIGIN.format(source=source, day=f"({day})")}
                from range({rows // len(CHANNELS)}) as numbers (number)
            """)
        _write_registers(connection, customers)
        connection.execute("""
            insert into ops.deliveries by name
            select distinct
                delivery_id, split_part(delivery_id, '/', 1) as source,
                cast(known_at - interval 1 day as date) as business_date,
                1 as sequence, known_at as extracted_at, 'accepted' as status
            from (
                select delivery_id, known_at from raw.atm
                union all select delivery_id, known_at from raw.branch
                union all select delivery_id, known_at from raw.card
                union all select delivery_id, known_at from raw.online
                union all select delivery_id, known_at from raw.core_accounts
                union all select delivery_id, known_at from raw.core_customers
                union all select delivery_id, known_at from raw.core_balances
            )
        """)


def _write_registers(connection, customers: int) -> None:
    since = "date '2023-12-31'"
    origin = {
        source: ORIGIN.format(source=source, day=since)
        for source in ("core_customers", "core_accounts")
    }
    connection.execute(f"""
        insert into raw.core_customers by name
        select
            'customer' || number as customer_number, 'login' || number as login_name,
            {since} as changed_date, {since} as registered_date,
            'B' || number % 50 as branch_code, {origin["core_customers"]}
        from range({customers}) as numbers (number);
        insert into raw.core_accounts by name
        select
            'account' || number as account_number, 'card' || number as card_number,
            'customer' || number as customer_number, {since} as changed_date,
            'owner' as role, 'CUR01' as product_code, 'CNY' as currency_code,
            {since} as opened_date, 'open' as status, {origin["core_accounts"]}
        from range({customers}) as numbers (number);
        insert into raw.core_balances by name
        select
            'account' || number as account_number, last_day(month) as balance_date,
            hash(number, month) % 1000000 / 100 as balance, 'CNY' as currency_code,
            {ORIGIN.format(source="core_balances", day="month")}
        from range({customers}) as numbers (number)
        cross join (
            select cast(unnest(generate_series(
                date '2024-01-01', date '2025-12-01', interval 1 month
            )) as date) as month
        )
    """)
