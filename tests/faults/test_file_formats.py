"""Files as banks send them: read exactly, or refused with the place and no content.

F28 (encodings), F30 (columns that were added), F31 (a header alone), F32 and F33
(values that can't be kept as they are), F54 (what unpacks to fill a disk).
"""

import gzip
import hashlib
import json
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from pipelines.foundation.deliveries import MANIFEST
from pipelines.information.ingest import run as ingest
from pipelines.information.ingest.pseudonyms import store_pseudonyms

HEADER = "account_number,balance_date,balance,currency_code"
BALANCES = """
    select
        'A' || number as account_number, date '2025-01-31' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""
WHOLE = f"{HEADER}\n" + "".join(
    f"A{number},2025-01-31,{number * 1.5:.2f},CNY\n" for number in (1, 2, 3)
)
CUSTOMER = """
    select
        'C1' as customer_number, date '2025-01-31' as changed_date,
        date '2025-01-31' as registered_date, '王小明' as full_name, 'B1' as branch_code
"""


@pytest.fixture
def send(deliver):
    """Deliver other content for the good file, honestly promised."""
    folder = deliver("core_balances", BALANCES)

    def send(content, *, name=None, rows=3, **changed):
        (path,) = (p for p in folder.iterdir() if p.name != MANIFEST)
        path = path.rename(folder / name) if name else path
        if callable(content):
            path.unlink()
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        manifest = json.loads((folder / MANIFEST).read_text())
        described = {
            "name": path.name,
            "rows": rows,
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        manifest |= {"files": [described], "control_totals": {}} | changed
        (folder / MANIFEST).write_text(json.dumps(manifest))

    return send


def parquet(query):
    return lambda path: duckdb.sql(f"copy ({query}) to '{path}' (format parquet)")


GOOD = {
    "byte_order_mark": lambda send: send("\ufeff" + WHOLE),
    "gb18030": lambda send: send(WHOLE.encode("gb18030"), encoding="gb18030"),
    "big5": lambda send: send(WHOLE.encode("big5"), encoding="Big5"),
    "gzip": lambda send: send(gzip.compress(WHOLE.encode()), name="b.csv.gz"),
    "zstd": lambda send: send(
        lambda path: pa.output_stream(path, compression="zstd").write(WHOLE.encode()),
        name="b.csv.zst",
    ),
    "parquet": lambda send: send(parquet(BALANCES), name="b.parquet"),
    "decimal_comma": lambda send: send(
        WHOLE.replace(",", ";").replace(".", ","), delimiter=";", decimal=","
    ),
    "tabs": lambda send: send(WHOLE.replace(",", "\t"), delimiter="\t"),
    "padded_identifiers": lambda send: send(WHOLE.replace("A2", " A2\u3000")),
    "places_that_are_zero": lambda send: send(WHOLE.replace("1.50", "1.5000")),
    "a_column_more": lambda send: send(
        WHOLE.replace("_code", "_code,rating").replace("CNY", "CNY,x")
    ),
    "a_column_more_in_between": lambda send: send(
        WHOLE.replace("balance,", "balance,rating,").replace(",CNY", ",x,CNY")
    ),
}


@pytest.mark.parametrize("deliver_as", GOOD.values(), ids=GOOD)
def test_the_same_rows_are_the_same_in_every_format(settings, send, ask, deliver_as):
    deliver_as(send)

    summary = ingest.run(settings)

    assert summary.refused == []
    with duckdb.connect(settings.vault, read_only=True) as vault:
        known = dict(
            vault.execute("select pseudonym, identifier from identifiers").fetchall()
        )
    rows = ask("select account_number, balance, currency_code from raw.core_balances")
    assert sorted((known[account], float(b), c) for account, b, c in rows) == [
        ("A1", 1.5, "CNY"),
        ("A2", 3.0, "CNY"),
        ("A3", 4.5, "CNY"),
    ]
    assert not (settings.home / "transcoded").exists()


@pytest.mark.parametrize("encoding", ["GB18030", "Big5"])
def test_names_reach_the_vault_as_they_are(settings, deliver, encoding):
    contract_columns = """
        null as document_number, null as phone_number, null as email_address,
        null as postal_address, null as login_name, null as birth_date,
        null as gender, null as income_year, null as annual_income,
        null as annual_income_one_year_before, null as annual_income_two_years_before,
        null as has_income_proof, null as household_number, null as manager_code,
        null as has_marketing_consent
    """
    folder = deliver(
        "core_customers", f"select *, {contract_columns} from ({CUSTOMER})"
    )
    (path,) = folder.glob("*.csv")
    path.write_bytes(path.read_text().encode(encoding))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["encoding"] = encoding
    manifest["files"][0] |= {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))

    ingest.run(settings)

    with duckdb.connect(settings.vault, read_only=True) as vault:
        assert vault.execute(
            "select identifier from identifiers where kind = 'name'"
        ).fetchall() == [("王小明",)]


def test_a_header_alone_is_a_delivery_without_rows(settings, send, ask):
    send(f"{HEADER}\n", rows=0)

    assert ingest.run(settings).refused == []
    assert ask("select status, rows_delivered from ops.deliveries") == [("loaded", 0)]


def test_an_added_column_is_reported_and_loaded_once_the_contract_has_it(
    settings, send, ask, caplog
):
    GOOD["a_column_more"](send)

    with caplog.at_level("WARNING"):
        ingest.run(settings)

    assert "columns that its contract lacks (column 5)" in caplog.text
    assert ask("select note from ops.deliveries") == [
        ("Has columns that the contract lacks: column 5",)
    ]


REFUSED = {
    # F29, and encodings that were promised and not kept: F28.
    "renamed": (
        lambda send: send(WHOLE.replace("balance_date", "balance_day")),
        "balance_date may have become column 2",
    ),
    "gb18030_said_to_be_utf_8": (
        lambda send: send(WHOLE.replace("A2", "账户").encode("gb18030")),
        "not UTF-8 at about byte",
    ),
    "utf_16": (lambda send: send(WHOLE.encode("utf-16")), "NUL at byte 3"),
    "latin_1": (
        lambda send: send(WHOLE.replace("A2", "é2").encode("latin-1")),
        "not UTF-8 at about byte",
    ),
    "no_gb18030": (
        lambda send: send(
            WHOLE.replace("A2", "A2\xff\xff").encode("latin-1"), encoding="gb18030"
        ),
        "not GB18030 at about byte",
    ),
    "no_big5": (
        lambda send: send(WHOLE.replace("A2", "账户").encode(), encoding="big5"),
        "not BIG5HKSCS at about byte",
    ),
    "mixed": (
        lambda send: send(
            WHOLE.replace("A1", "账户").encode("gb18030")
            + "A4,2025-01-31,1.00,CNY é\n".encode(),
            rows=4,
        ),
        "not UTF-8 at about byte",
    ),
    # F54.
    "zstd_bomb": (
        lambda send: send(
            lambda path: pa.output_stream(path, compression="zstd").write(
                WHOLE.encode() + b" " * (300 << 20)
            ),
            name="b.csv.zst",
        ),
        "unpacks to far more than its size",
    ),
    "gzip_bomb": (
        lambda send: send(
            gzip.compress(WHOLE.encode() + b" " * (300 << 20), 1), name="b.csv.gz"
        ),
        "unpacks to far more than its size",
    ),
    "parquet_that_is_none": (lambda send: send(WHOLE, name="b.parquet"), "as Parquet"),
    "zstd_that_is_none": (lambda send: send(WHOLE, name="b.csv.zst"), "unpacked"),
    "rows_in_parquet": (
        lambda send: send(parquet(BALANCES), name="b.parquet", rows=4),
        "has 3 rows",
    ),
}


@pytest.mark.parametrize(("deliver_as", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_exactly_is_refused(settings, send, deliver_as, told):
    deliver_as(send)

    (refusal,) = ingest.run(settings).refused

    assert told in refusal
    assert not (settings.home / "transcoded").exists()


# F33, and F32's one megabyte.
ROWS = {
    "third_decimal_place": ("3.00", "3.005", ("balance", "too_precise")),
    "small_exponent": ("3.00", "3005e-3", ("balance", "too_precise")),
    "not_a_number": ("3.00", "NaN", ("balance", "unreadable")),
    "infinite": ("3.00", "inf", ("balance", "unreadable")),
    "huge_exponent": ("3.00", "1e400", ("balance", "unreadable")),
    "nineteen_digits": ("3.00", "9" * 19, ("balance", "unreadable")),
    "thousands": ("3.00", '"1.234,50"', ("balance", "unreadable")),
    "minus_infinity": (
        "A2,2025-01-31",
        "A2,-infinity",
        ("balance_date", "out_of_range"),
    ),
    "before_christ": (
        "A2,2025-01-31",
        "A2,2025-01-31 (BC)",
        ("balance_date", "out_of_range"),
    ),
    "one_megabyte": ("A2", "A" * 1_000_000, (None, "too_long")),
}


@pytest.mark.parametrize(("before", "after", "fault"), ROWS.values(), ids=ROWS)
def test_a_value_that_cannot_be_kept_exactly_is_quarantined(
    settings, send, ask, before, after, fault
):
    send(WHOLE.replace(before, after))

    summary = ingest.run(settings)

    assert (summary.rows_loaded, summary.rows_quarantined) == (2, 1)
    assert ask("select line_number, column_name, reason from ops.quarantine") == [
        (3, *fault)
    ]


EXACT = {"minus_nothing": ("-0.00", 0), "largest": ("9" * 16 + ".99", None)}


@pytest.mark.parametrize(("written", "kept"), EXACT.values(), ids=EXACT)
def test_f33_an_amount_that_fits_is_kept_to_the_last_digit(
    settings, send, ask, written, kept
):
    send(WHOLE.replace("3.00", written))

    ingest.run(settings)

    exact = Decimal(written) if kept is None else kept
    assert (exact,) in ask("select balance from raw.core_balances")


def test_the_text_of_a_rounded_row_is_kept_as_it_was_sent(settings, send):
    send(WHOLE.replace("3.00", "3.005"))

    ingest.run(settings)

    with duckdb.connect(settings.vault, read_only=True) as vault:
        (text,) = vault.execute("select raw_text from quarantined_rows").fetchone()
    assert "3.005" in text


def test_bad_rows_of_a_decimal_comma_file_are_kept_with_points(settings, send):
    foreign = WHOLE.replace(",", ";").replace(".", ",").replace("2025-01-31;3", "x;3")
    send(foreign, delimiter=";", decimal=",")

    ingest.run(settings)

    with duckdb.connect(settings.vault, read_only=True) as vault:
        assert vault.execute("select raw_text from quarantined_rows").fetchall() == [
            ("A2,x,3.00,CNY",)
        ]


def test_what_a_killed_run_left_of_a_transcoded_file_is_removed(settings, send):
    left = settings.home / "transcoded" / "1.csv"
    left.parent.mkdir(parents=True)
    left.write_text("A9")
    GOOD["gb18030"](send)

    ingest.run(settings)

    assert not left.exists()


def test_a_transcoded_file_is_for_its_owner_only(settings, send, monkeypatch):
    GOOD["parquet"](send)
    modes = []
    store = store_pseudonyms

    def look(connection, vault, sources):
        modes.extend(source.path.stat().st_mode & 0o777 for source in sources)
        return store(connection, vault, sources)

    monkeypatch.setattr("pipelines.information.ingest.load.store_pseudonyms", look)

    ingest.run(settings)

    assert modes == [0o600]
