"""Loading deliveries the whole way, against a bare load of the same files."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipelines import ingest
from pipelines.contracts import load_contract
from pipelines.deliveries import write_delivery
from pipelines.ingest.identifiers import CHECK_DIGITS
from pipelines.settings import Settings

CARDS = 200_000
EXTRACTED_AT = datetime(2025, 2, 1, 1, 10, tzinfo=UTC)
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
    "moment": "timestamp '2025-01-01' + to_seconds(number * 2592000 // {rows})",
    "amount": "cast(hash(number + 1) % 100000 as decimal(18, 2)) / 100",
}


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare ``crm ingest`` with a bare load, with pandas, and over a long history."""
    landing = folder / "landing"
    write_deliveries(landing, rows // len(CHANNELS))
    figures = stopwatch.measure(
        bare=(load_bare, folder / "bare.duckdb", landing),
        ingest=(load_whole, folder / "home", landing),
        pandas=(load_with_pandas, landing),
    )
    bare, ours, pandas = figures["bare"], figures["ingest"], figures["pandas"]
    size = sum(path.stat().st_size for path in landing.glob("*/*/*.csv"))
    yield (
        f"ingest    {rows:,} rows, {size / 1e6:,.0f} MB: {ours.seconds:.1f} s "
        f"({ours.seconds / bare.seconds:.2f} × a bare load, "
        f"{ours.seconds / pandas.seconds:.2f} × pandas), {ours.peak_megabytes:.0f} MB "
        f"(bare {bare.peak_megabytes:.0f}, pandas {pandas.peak_megabytes:.0f})"
    )


def write_deliveries(landing: Path, rows: int) -> None:
    """Write one delivery per channel."""
    parts = PARTS | {"moment": PARTS["moment"].format(rows=rows)}
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        # Every tenth number has the right check digit.
        connection.execute(f"""
            create temp table cards as
            select row_number() over () - 1 as card, identifier as card_number
            from (
                select '62' || lpad(number::varchar, 14, '0') as identifier
                from range({CARDS} * 10) as numbers (number)
            )
            where {CHECK_DIGITS["luhn"]}
        """)
        for source, query in CHANNELS.items():
            write_delivery(
                connection,
                f"""
                    {query.format(**parts)} from range({rows}) as numbers (number)
                    inner join cards on card = hash(number) % {CARDS}
                """,
                landing,
                load_contract(source),
                business_date=date(2025, 1, 31),
                extracted_at=EXTRACTED_AT,
            )


def load_whole(home: Path, landing: Path) -> None:
    """Ingest into an empty home."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "landing").symlink_to(landing)
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


def load_with_pandas(landing: Path) -> None:
    """Read the same files into frames, and write nothing."""
    import pandas as pd  # noqa: PLC0415 - 1 s that only this function shall pay

    for path in sorted(landing.glob("*/*/*.csv")):
        contract = load_contract(path.parents[1].name)
        times = [c.name for c in contract.columns if c.data_type == "timestamp"]
        pd.read_csv(path, parse_dates=times)
