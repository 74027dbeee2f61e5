"""Each delivered row is loaded, a duplicate or quarantined, and only one of them."""

import csv
import gzip
import io
import json
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import quarantine, replay, verify
from pipelines.information.ingest import run as ingest

NAMES = ["account_number", "balance_date", "balance", "currency_code"]
DAYS = (date(2025, 1, 30), date(2025, 1, 31))
# Few accounts and amounts, so that rows repeat and contradict each other.
ACCOUNTS = st.sampled_from(["A1", "A2", "A3", " A3", "王\n一", 'A"4', "", "=A5"])
DATES = st.sampled_from(["2025-01-31", "2025-01-30", "2025-02-09", "31.1.2025", ""])
AMOUNTS = st.sampled_from(["1.50", "2", "2.00", "3.005", "n/a", "NaN", "", "9" * 19])
CURRENCIES = st.sampled_from(["CNY", "CNY", "CNY", "XXX", ""])
ROWS = st.lists(
    st.one_of(
        st.tuples(ACCOUNTS, DATES, AMOUNTS, CURRENCIES),
        st.tuples(st.just("A1"), st.just("2025-01-31"), AMOUNTS, st.just("CNY")),
        st.lists(ACCOUNTS, min_size=1, max_size=6).filter(lambda row: row != [""]),
    ),
    max_size=12,
)
RIGHT = ("A3", "2025-01-31", "1.50", "CNY")
FORMS = st.sampled_from(["utf-8", "gb18030", "gzip", "zstd", "semicolon"])


def deliver(landing, day, rows, form):
    """Write rows as one delivery, honestly promised."""
    folder = landing / "core_balances" / day.isoformat()
    folder.mkdir(parents=True)
    delimiter = ";" if form == "semicolon" else ","
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows(rows)
    encoding = "gb18030" if form == "gb18030" else "utf-8"
    content = text.getvalue().encode(encoding)
    name = {"gzip": "b.csv.gz", "zstd": "b.csv.zst"}.get(form, "b.csv")
    path = folder / name
    if form == "zstd":
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(content)
    else:
        path.write_bytes(gzip.compress(content) if form == "gzip" else content)
    manifest = {
        "source": "core_balances",
        "business_date": day.isoformat(),
        "extracted_at": datetime(2025, 2, day.day - 29, 1, tzinfo=UTC).isoformat(),
        "encoding": encoding,
        "delimiter": delimiter,
        "files": [describe_file(path, rows=len(rows)).model_dump()],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def count(home):
    """Count what is where, not what was noted of it."""
    with connect(home, read_only=True) as connection:
        return connection.execute("""
            select
                deliveries.delivery_id, rows_delivered, rows_loaded, rows_duplicate,
                rows_quarantined,
                (
                    select count(*) from raw.core_balances as stored
                    where stored.delivery_id = deliveries.delivery_id
                ) as stored,
                (
                    select count(distinct (file_number, line_number))
                    from ops.quarantine
                    where quarantine.delivery_id = deliveries.delivery_id
                        and state != 'repaired'
                ) as kept_back
            from ops.deliveries
            where status != 'refused'
        """).fetchall()


def assert_conserved(home):
    for _, delivered, loaded, duplicate, quarantined, stored, kept_back in count(home):
        assert delivered == loaded + duplicate + quarantined
        assert (loaded, quarantined) == (stored, kept_back)
        assert duplicate >= 0


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(deliveries=st.lists(st.tuples(ROWS, FORMS), min_size=2, max_size=2))
# One account, written with a blank and without: its row was once counted twice.
@example(deliveries=[([], "utf-8"), ([RIGHT, (" A3", *RIGHT[1:])], "utf-8")])
def test_no_row_is_lost_and_none_is_counted_twice(deliveries):
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder) / "var")
        for day, (rows, form) in zip(DAYS, deliveries, strict=True):
            deliver(home.landing, day, rows, form)

        summary = ingest.run(home)

        assert summary.refused == []
        assert_conserved(home)
        assert verify.run(home) == len(DAYS)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(rows=ROWS, repaired=AMOUNTS)
def test_rows_are_conserved_by_repair_too(rows, repaired):
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder) / "var")
        deliver(home.landing, DAYS[1], rows, "utf-8")
        ingest.run(home)
        path = home.home / "open.csv"
        quarantine.export_open(home, path, "core_balances")
        with path.open(newline="") as file:
            exported = list(csv.DictReader(file))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, ["delivery_id", "file_number", "line_number", "reasons", *NAMES,
                       "surplus"],
            )  # fmt: skip
            writer.writeheader()
            for row in exported:
                writer.writerow(row | {"balance": repaired, "surplus": ""})
        quarantine.import_repaired(home, path)

        replay.run(home)

        assert_conserved(home)
        assert verify.run(home) == 1


def test_the_raw_text_of_every_quarantined_row_is_kept(tmp_path):
    home = Settings(home=tmp_path / "var")
    rows = [("A1", "2025-01-31", "n/a", "CNY"), ("", "2025-01-31", "1.00", "XXX")]
    deliver(home.landing, DAYS[1], rows, "utf-8")

    ingest.run(home)

    with duckdb.connect(home.vault, read_only=True) as vault:
        texts = vault.execute(
            "select raw_text from quarantined_rows order by line_number"
        ).fetchall()
    assert [next(csv.reader([text])) for (text,) in texts] == [
        ["A1", "2025-01-31", "n/a", "CNY"],
        ["", "2025-01-31", "1.00", "XXX"],
    ]
