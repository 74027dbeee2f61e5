"""What is written is loaded as written, or quarantined: not rounded, nor guessed."""

import csv
import json
from datetime import UTC, date, datetime

import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.information.ingest import run as ingest

DAY = date(2026, 3, 31)
GOOD = {
    "core_postings": {
        "account_number": "62200000001",
        "occurred_at": "2026-03-19T10:00:00Z",
        "event_type": "fee",
        "amount": "-1.00",
        "currency_code": "CNY",
    },
    "core_balances": {
        "account_number": "62200000001",
        "balance_date": "2026-03-31",
        "balance": "5.00",
        "currency_code": "CNY",
    },
    "phone": {
        "customer_number": "C1",
        "occurred_at": "2026-03-19T10:00:00Z",
        "direction": "inbound",
        "event_type": "enquiry",
        "duration_seconds": "60",
    },
}
KEYS = {"core_postings": "posting_number", "phone": "contact_number"}


@pytest.fixture
def send(settings):
    """Deliver rows of a source, each as what differs from a good one; ingest them."""

    def send(source, *rows, **promised):
        names = load_contract(source).names
        folder = settings.landing / source / DAY.isoformat()
        folder.mkdir(parents=True)
        path = folder / f"{source}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file,
                names,
                lineterminator="\n",
                delimiter=promised.get("delimiter", ","),
            )
            writer.writeheader()
            for number, row in enumerate(rows):
                key = {KEYS[source]: f"P{number}"} if source in KEYS else {}
                writer.writerow(dict.fromkeys(names, "") | GOOD[source] | key | row)
        manifest = {
            "source": source,
            "business_date": DAY.isoformat(),
            "extracted_at": datetime(2026, 4, 1, 1, tzinfo=UTC).isoformat(),
            "files": [describe_file(path, rows=len(rows)).model_dump()],
        }
        (folder / MANIFEST).write_text(json.dumps(manifest | promised))

    return send


def test_an_amount_too_large_is_a_row_of_its_own_and_stops_nothing(
    settings, send, ask, caplog
):
    too_large = [
        "622000000000000000.00",
        "1E+17",
        "12345678901234567.005",
        "12345678901234567.00",
        "-1e300",
        "NaN",
    ]
    send("core_postings", *({"amount": a} for a in too_large), {}, {"amount": "1.005"})
    send("core_balances", {})

    ingest.run(settings).raise_for_problems()

    assert ask(
        "select line_number, reason from ops.quarantine order by line_number"
    ) == [*((line, "unreadable") for line in range(2, 8)), (9, "too_precise")]
    assert ask("select posting_number, amount::varchar from raw.core_postings") == [
        ("P6", "-1.00")
    ]
    assert ask("select count(*) from raw.core_balances") == [(1,)]
    assert not any(amount in caplog.text for amount in too_large)


@pytest.mark.parametrize(
    "moment",
    [
        *(f"2026-03-19 10:00:00 {zone}" for zone in ("CST", "BST", "IST", "AST", "ET")),
        "2026-03-19T10:00:00 Asia/Shanghai",
        "2026-03-19T10:00:00+15:00",
        "epoch",
        "now",
    ],
)
def test_a_zone_that_is_no_offset_is_not_guessed(settings, send, ask, moment):
    send("core_postings", {"occurred_at": moment}, {})

    ingest.run(settings).raise_for_problems()

    assert ask("select line_number, column_name, reason from ops.quarantine") == [
        (2, "occurred_at", "unreadable")
    ]
    assert ask("select posting_number from raw.core_postings") == [("P1",)]


@pytest.mark.parametrize(
    ("moment", "in_utc"),
    [
        ("2026-03-19T10:00:00+08:00", "2026-03-19 02:00:00"),
        ("2026-03-19 10:00:00+0800", "2026-03-19 02:00:00"),
        ("2026-03-19 10:00:00.250000+08", "2026-03-19 02:00:00.25"),
        ("2026-03-19T10:00", "2026-03-19 10:00:00"),
        ("2026-03-19", "2026-03-19 00:00:00"),
    ],
)
def test_a_moment_with_an_offset_is_kept_in_utc(settings, send, ask, moment, in_utc):
    send("core_postings", {"occurred_at": moment})

    ingest.run(settings).raise_for_problems()

    assert ask("select occurred_at::varchar from raw.core_postings") == [(in_utc,)]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (("phone", "duration_seconds", "59.6"), "too_precise"),
        (("phone", "duration_seconds", "1e2"), "too_precise"),
        (("phone", "duration_seconds", "1_000"), "unreadable"),
        (("core_balances", "balance_date", "2026-03-30 23:30:00"), "too_precise"),
        (
            ("core_postings", "occurred_at", "2026-03-19T10:00:00.1234567Z"),
            "too_precise",
        ),
    ],
)
def test_what_a_type_would_cut_off_is_quarantined(settings, send, ask, cell, reason):
    source, column, text = cell
    send(source, {}, {column: text})

    ingest.run(settings).raise_for_problems()

    assert ask("select line_number, column_name, reason from ops.quarantine") == [
        (3, column, reason)
    ]


def test_what_a_type_holds_is_loaded_however_it_is_written(settings, send, ask):
    send("phone", {"duration_seconds": "60.0"}, {"duration_seconds": "60"})
    send(
        "core_balances",
        {"balance_date": "2026-03-30 00:00:00", "balance": "1,5"},
        {"balance_date": "2026/3/29", "balance": "12345678901234,56"},
        {"balance": "1,005"},
        delimiter=";",
        decimal=",",
    )

    ingest.run(settings).raise_for_problems()

    assert ask("select duration_seconds from raw.phone") == [(60,), (60,)]
    assert ask("""
        select balance_date::varchar, balance::varchar from raw.core_balances order by 1
    """) == [("2026-03-29", "12345678901234.56"), ("2026-03-30", "1.50")]
    assert ask("select line_number, reason from ops.quarantine") == [(4, "too_precise")]
