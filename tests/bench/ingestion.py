"""Loading deliveries the whole way, against a bare load, and day by day."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import write_delivery
from pipelines.foundation.settings import Settings
from pipelines.information.ingest import run as ingest

# Of the whole history: a customer shows up some hundred times in a month.
ROWS_A_CARD = 100
HISTORY = (date(2025, 1, 1), date(2025, 1, 31))
DAYS = 5
ROWS_A_DAY = 100_000
# One query per channel: its contract's columns for a quarter of the rows.
CHANNELS = {
    "atm": """
        select
            'A' || number as event_number, card_number,
            'T' || number % 500 as terminal_code, {moment} as occurred_at,
            'withdrawal' as event_type, -{amount} as amount, 'CNY' as currency_code
    """,
    "branch": """
        select
            'B' || number as visit_number, 'C' || card as customer_number,
            null as account_number, 'B' || number % 50 as branch_code,
            'T' || number % 400 as teller_code, {moment} as occurred_at,
            'deposit' as event_type, {moment} as ticket_taken_at, {moment} as called_at,
            {moment} as served_at, {amount} as amount, 'CNY' as currency_code
    """,
    "card": """
        select
            'P' || number as posting_number, card_number, null as account_number,
            {moment} as occurred_at, 'purchase' as event_type,
            'M' || number % 9000 as merchant_code, '5411' as category_code,
            -{amount} as amount, 'CNY' as currency_code
    """,
    "online": """
        select
            'O' || number as event_number, 'login' || card as login_name,
            null as account_number, {moment} as occurred_at, 'payment' as event_type,
            'mobile' as device, -{amount} as amount, 'CNY' as currency_code
    """,
}
PARTS = {
    # In order of time, as a channel writes its journal.
    "moment": "timestamp '{first}' + to_seconds((number - {start}) * {span} // {rows})",
    "amount": "cast(hash(number + 1) % 100000 as decimal(18, 2)) / 100",
}


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare ``crm ingest`` with others, and its days over two histories."""
    yield _compare_loads(stopwatch, folder, rows)
    yield _compare_days(stopwatch, folder, rows)


def _compare_loads(stopwatch, folder: Path, rows: int) -> str:
    # 5 s to import, and half of what an ingestion takes of memory.
    import competitors  # noqa: PLC0415

    landing = folder / "landing"
    write_deliveries(landing, rows, *HISTORY, cards=rows // ROWS_A_CARD)
    figures = stopwatch.measure(
        baselines=("bare", "pandas", "dlt"),
        bare=(load_bare, folder / "bare.duckdb", landing),
        ingest=(load_whole, folder / "long", landing),
        pandas=(competitors.load_with_pandas, folder / "pandas.duckdb", landing),
        dlt=(competitors.load_with_dlt, folder / "dlt", landing),
    )
    ours = figures.pop("ingest")
    size = sum(path.stat().st_size for path in landing.glob("*/*/*.csv"))
    # Beside other work the clock tells little, and processor time still something.
    ratios = "; ".join(
        f"{ours.seconds / other.seconds:.2f} × {name}, in processor time "
        f"{ours.processor_seconds / other.processor_seconds:.2f} ×"
        for name, other in figures.items()
    )
    others = ", ".join(
        f"{name} {other.peak_megabytes:.0f}" for name, other in figures.items()
    )
    return (
        f"ingest    {rows:,} rows, {size / 1e6:,.0f} MB: {ours.seconds:.1f} s "
        f"({ratios}), {ours.peak_megabytes:.0f} MB ({others})"
    )


def _compare_days(stopwatch, folder: Path, rows: int) -> str:
    """Load the same days behind the whole history, and behind a quarter of it."""
    short, long = folder / "short", folder / "long"
    cards = rows // ROWS_A_CARD
    landing = folder / "quarter"
    write_deliveries(landing, rows // 4, *HISTORY, cards=cards)
    load_whole(short, landing)
    for home in (short, long):
        (home / "landing").unlink()
        for number in range(DAYS * stopwatch.repeats):
            day = HISTORY[1] + timedelta(days=number + 1)
            folder = home / "days" / f"{day}"
            write_deliveries(folder, ROWS_A_DAY, day, day, cards=cards)
    figures = stopwatch.measure(short=(load_days, short), long=(load_days, long))
    seconds = {name: figure.seconds / DAYS for name, figure in figures.items()}
    return (
        f"daily     {ROWS_A_DAY:,} rows: {seconds['short']:.2f} s behind {rows // 4:,},"
        f" {seconds['long']:.2f} s behind {rows:,} "
        f"({seconds['long'] / seconds['short']:.2f} ×)"
    )


def write_deliveries(
    landing: Path, rows: int, first: date, last: date, *, cards: int
) -> None:
    """Write one delivery per channel, of the days from first to last."""
    rows //= len(CHANNELS)
    start = (first - HISTORY[0]).days * 10**9
    span = ((last - first).days + 1) * 86400
    parts = {
        name: part.format(first=first, start=start, span=span, rows=rows)
        for name, part in PARTS.items()
    }
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        # Rows in order of time, however few they are.
        connection.execute("set disabled_optimizers = 'build_side_probe_side'")
        # Digits that count double are 0, so that the last one is easily found.
        connection.execute(f"""
            create temp table cards as
            select
                card,
                '62' || regexp_replace(digits, '(.)', '0\\1', 'g') || '0'
                || (995 - list_sum(string_split(digits, '')::integer[])) % 10
                    as card_number
            from (
                select card, lpad(card::varchar, 6, '0') as digits
                from range({cards}) as numbers (card)
            )
        """)
        for source, query in CHANNELS.items():
            write_delivery(
                connection,
                f"""
                    {query.format(**parts)}
                    from range({start}, {start + rows}) as numbers (number)
                    inner join cards on card = hash(number) % {cards}
                """,
                landing,
                load_contract(source),
                business_date=last,
                extracted_at=datetime.combine(
                    last + timedelta(days=1), time(1, 10), UTC
                ),
            )


def load_whole(home: Path, landing: Path) -> None:
    """Ingest into an empty home."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "landing").symlink_to(landing)
    ingest.run(Settings(home=home)).raise_for_problems()


def load_days(home: Path) -> None:
    """Ingest the next days, each when it has come in."""
    for day in sorted((home / "days").iterdir())[:DAYS]:
        for folder in day.iterdir():
            target = home / "landing" / folder.name
            target.mkdir(parents=True, exist_ok=True)
            for delivery in folder.iterdir():
                delivery.rename(target / delivery.name)
        shutil.rmtree(day)
        ingest.run(Settings(home=home)).raise_for_problems()


def load_bare(database: Path, landing: Path) -> None:
    """Load the same files, typed, with nothing checked."""
    database.unlink(missing_ok=True)
    with duckdb.connect(database, config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        for path in sorted(landing.glob("*/*/*.csv")):
            contract = load_contract(path.parents[1].name)
            types = {column.name: column.data_type for column in contract.columns}
            connection.execute(
                f"""
                create table {contract.source} as
                select * from read_csv('{path}', columns = {types}, header = true)
                """
            )
