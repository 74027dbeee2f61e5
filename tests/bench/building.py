"""Building the marts with dbt, in full and after one more day, against one query."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
from features_by_hand import write_query

from pipelines.analysis import build
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare

EVENTS_PER_CUSTOMER = 100
MONTHS = 24
CHANNELS = {
    "atm": ("event_number", "card_number", "card", "withdrawal"),
    "branch": ("visit_number", "customer_number", "customer", "deposit"),
    "card": ("posting_number", "card_number", "card", "purchase"),
    "online": ("event_number", "login_name", "login", "payment"),
}
SOURCES = (*CHANNELS, "core_accounts", "core_customers", "core_balances")
# Each day is a delivery, known in the small hours of the next.
ORIGIN = """
    '{source}/' || ({day}) || '.1' as delivery_id,
    cast(({day}) + 1 as timestamp) + interval 70 minute as known_at
"""
END = "date '2026-01-01'"


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare ``crm build`` with one hand-written query for the same features.

    Like for like is the full build up to the features, with its tests and dbt's own
    start. What a night costs is a share of the full build of all marts.
    """
    home, longer = folder / "home", folder / "longer"
    customers = max(rows // EVENTS_PER_CUSTOMER, 1)
    write_warehouse(home, customers, rows, months=MONTHS)
    figures = stopwatch.measure(
        baselines=("hand",),
        hand=(build_by_hand, home),
        features=(build_in_full, home, "+customer_features"),
        everything=(build_in_full, home, None),
        night=(build_one_more_day, home),
    )
    recounted, features = count_recounted(home)
    shutil.rmtree(home)
    write_warehouse(longer, customers, 2 * rows, months=2 * MONTHS)
    build_in_full(longer, None)
    figures |= stopwatch.measure(longer=(build_one_more_day, longer))
    seconds = {name: figure.seconds for name, figure in figures.items()}
    peak = max(figure.peak_megabytes for figure in figures.values())
    yield (
        f"build     {rows:,} events of {customers:,} customers × {MONTHS} months: "
        f"{seconds['features']:.0f} s to the features "
        f"({seconds['features'] / seconds['hand']:.1f} × one query for {recounted} of "
        f"{features} features), "
        f"{seconds['everything']:.0f} s in all; one more day "
        f"{seconds['night']:.0f} s ({seconds['night'] / seconds['everything']:.0%}), "
        f"{seconds['longer'] / seconds['night']:.2f} × that with twice the history; "
        f"{peak:.0f} MB"
    )


def count_recounted(home: Path) -> tuple[int, int]:
    """How many features the query makes, and how many there are."""
    features = [feature.name for feature in load_feature_contract().features]
    with duckdb.connect(home / "hand.duckdb", read_only=True) as connection:
        made = connection.table("features").columns
    return len({*features} & {*made}), len(features)


def build_in_full(home: Path, select: str | None) -> None:
    """Build from ``raw``, whatever was built before."""
    build.run(
        Settings(home=home), select=select, exclude="source:ml+", full_refresh=True
    )


def build_one_more_day(home: Path) -> None:
    """Take in a day, and build what it changes."""
    with connect(Settings(home=home)) as connection:
        (number,) = connection.execute("""
            select count(*) from ops.deliveries where source = 'atm'
        """).fetchone()
        ((rows, customers),) = connection.execute(f"""
            select
                (select count(*) from raw.atm) // {number},
                (select count(*) from raw.core_customers)
        """).fetchall()
        day = "(select max(business_date) + 1 from ops.deliveries)"
        (day,) = connection.execute(f"select cast({day} as varchar)").fetchone()
        _write_events(connection, customers, rows * len(CHANNELS), f"date '{day}'")
        _write_changes(connection, customers, f"date '{day}'")
        _write_deliveries(connection)
    build.run(Settings(home=home), exclude="source:ml+")


def build_by_hand(home: Path) -> None:
    """Make the feature table in one query."""
    settings = Settings(home=home)
    config = {"threads": settings.threads, "memory_limit": settings.memory_limit}
    path = home / "hand.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(path, config=config) as connection:
        connection.execute(
            "set enable_progress_bar = false; set preserve_insertion_order = false;"
            f"attach '{settings.warehouse}' as bank (read_only); create schema raw"
        )
        names = connection.execute("""
            select table_name from duckdb_tables()
            where database_name = 'bank' and schema_name = 'raw'
        """).fetchall()
        for (name,) in names:
            connection.execute(f"create view raw.{name} as from bank.raw.{name}")
        connection.execute(write_query())


def write_warehouse(home: Path, customers: int, rows: int, *, months: int) -> None:
    """Write a bank's raw rows, all accepted and in time, without ingesting them."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    start = f"cast({END} - interval {months} month as date)"
    each = rows // len(CHANNELS)
    day = f"({start} + cast(number * ({END} - {start}) // {each} as integer))"
    with connect(Settings(home=home)) as connection:
        prepare(connection)
        _write_registers(connection, customers, months)
        _write_events(connection, customers, rows, day)
        _write_deliveries(connection)


def _write_events(connection, customers: int, rows: int, day: str) -> None:
    for source, (key, name, kind, event_type) in CHANNELS.items():
        connection.execute(f"""
            insert into raw.{source} by name
            select
                'E' || cast({day} as varchar) || number as {key},
                '{kind}' || hash(number, '{source}', {day}) % {customers} as {name},
                cast({day} as timestamp) + interval 12 hour as occurred_at,
                '{event_type}' as event_type, 'CNY' as currency_code,
                (cast(hash(number) % 100000 as integer) - 70000) / 100 as amount,
                {ORIGIN.format(source=source, day=day)}
            from range({rows // len(CHANNELS)}) as numbers (number)
            order by {day}
        """)


def _write_registers(connection, customers: int, months: int) -> None:
    since = f"cast({END} - interval {months} month - interval 1 day as date)"
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
            {ORIGIN.format(source="core_balances", day="last_day(month)")}
        from (
            select cast(unnest(generate_series(
                {since} + interval 1 day, {END} - interval 1 day, interval 1 month
            )) as date) as month
        )
        cross join range({customers}) as numbers (number)
    """)


def _write_changes(connection, customers: int, day: str) -> None:
    """One customer of a thousand opens a deposit that day."""
    connection.execute(f"""
        insert into raw.core_accounts by name
        select
            'deposit' || number || {day} as account_number,
            'customer' || number as customer_number, {day} as changed_date,
            'owner' as role, 'TD12' as product_code, 'CNY' as currency_code,
            {day} as opened_date, 'open' as status,
            {ORIGIN.format(source="core_accounts", day=day)}
        from range({customers // 1000}) as numbers (number)
    """)


def _write_deliveries(connection) -> None:
    union = " union all ".join(
        f"select '{source}' as source, delivery_id, known_at, count(*) as row_count"
        f" from raw.{source} group by all"
        for source in SOURCES
    )
    connection.execute(f"""
        insert into ops.deliveries by name
        select
            delivery_id, source,
            cast(known_at - interval 1 day as date) as business_date,
            1 as sequence, known_at as extracted_at, 'accepted' as status,
            row_count as rows_loaded
        from ({union})
        where delivery_id not in (select delivery_id from ops.deliveries)
    """)
