"""Small deliveries are loaded together where that changes nothing but the time."""

import codecs
import json
from datetime import date
from unittest import mock

import duckdb
import pytest

from pipelines.foundation import ledger, vault
from pipelines.foundation.deliveries import describe_file
from pipelines.foundation.parameters import read_seed
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.ingest import (
    check_ahead,
    identifier_forms,
    load,
    scan,
    together,
)
from pipelines.information.ingest import run as ingest

KEY = "5" * 64
DAYS = [date(2025, 1, number) for number in (26, 27, 28, 29, 30)]
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range({rows}) as numbers (number)
"""
HEADER = "account_number,balance_date,balance,currency_code"
TABLES = {
    "raw.core_balances": "*",
    "ops.deliveries": "* exclude (loaded_at)",
    "ops.quarantine": "*",
    "vault.identifiers": "*",
    "vault.spellings": "*",
    "vault.quarantined_rows": "*",
}
# By what is the matter with the third of five days: lines in place of its last row.
BAD_LINES = {
    "nothing": ["A9,2025-01-28,9,CNY"],
    "a value that is not accepted": ["A9,2025-01-28,9,ABC"],
    "nothing where something must be": [",2025-01-28,9,CNY"],
    "a date that can't be read": ["A9,the 28th,9,CNY"],
    "a quote that is not closed": ['A9,2025-01-28,"9,CNY'],
    "too many decimal places": ["A9,2025-01-28,9.123,CNY"],
    "a row twice": ["A9,2025-01-28,9,CNY", "A9,2025-01-28,9,CNY"],
    "a row that contradicts another": ["A9,2025-01-28,9,CNY", "A9,2025-01-28,8,CNY"],
    "a row of the day before": ["A2,2025-01-27,3,CNY"],
    "a row that contradicts the day before": ["A2,2025-01-27,8,CNY"],
    "a row of the day after": ["A2,2025-01-30,3,CNY"],
    "a row from after its extraction": ["A9,2025-02-28,9,CNY"],
    "an identifier with blanks around it": [" A1 ,2025-01-27,9,CNY"],
    "an identifier in another spelling": ["a9,2025-01-28,9,CNY"],
    "an identifier that was damaged": ["'A9,2025-01-28,9,CNY"],
    "a word for nothing": ["N/A,2025-01-28,9,CNY"],
    "somebody who was erased": ["A77,2025-01-28,9,CNY"],
    "somebody who was erased in another spelling": ["a77,2025-01-28,9,CNY"],
    "no row": [],
}
BAD_PROMISES = {
    "another count": lambda manifest: manifest["files"][0].update(rows=7),
    "another sum": lambda manifest: manifest["control_totals"].update(balance="1.00"),
    "another digest": lambda manifest: manifest["files"][0].update(sha256="0" * 64),
    "another delimiter": lambda manifest: manifest.update(delimiter=";"),
    "another sequence": lambda manifest: manifest.update(sequence=2),
    "no file": lambda manifest: manifest.update(files=[]),
}


@pytest.fixture
def days(deliver):
    """Five days of balances, each written out the day after."""
    folders = []
    for day in DAYS:
        folder = deliver("core_balances", BALANCES.format(day=day, rows=5), day)
        change(folder, extracted_at=f"{day.replace(day=day.day + 1)}T01:10:00Z")
        folders.append(folder)
    return folders


def change(folder, **values):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def rewrite(folder, lines):
    """Replace a delivery's last row, and promise what is there then."""
    (path,) = folder.glob("*.csv")
    kept = path.read_text().splitlines()[1:-1] if lines else []
    path.write_text("".join(f"{line}\n" for line in (HEADER, *kept, *lines)))
    file = describe_file(path, rows=len(kept) + len(lines)).model_dump()
    change(folder, files=[file], control_totals={})


def load_all(settings, home, *, most):
    """Load into a home of its own, so many together; gives how often one was alone."""
    other = Settings(home=home, vault_key=KEY)
    home.mkdir()
    other.landing.symlink_to(settings.landing)
    erase(other, "A77")
    alone = []

    def load_one(*arguments):
        alone.append(arguments[2].manifest.delivery_id)
        return load.load_delivery(*arguments)

    with (
        mock.patch.object(check_ahead, "MOST_TOGETHER", most),
        mock.patch.object(ingest, "load_delivery", load_one),
    ):
        summary = ingest.run(other)
    return other, summary, alone


def erase(settings, account):
    """Leave what an erasure leaves of an account."""
    key = bytes.fromhex(KEY)
    pseudonym = vault.pseudonym(key, "account", account)
    with connect(settings) as connection:
        vault.Vault(connection, settings)
        connection.execute(
            "insert into vault.tombstones values ('account', ?, '2026-01-01', false)",
            [vault.tombstone(key, "account", pseudonym)],
        )


def look(settings):
    with connect(settings, read_only=True) as connection:
        connection.execute(f"attach '{settings.vault}' as vault (read_only)")
        return {
            table: connection.execute(
                f"select {columns} from {table} order by all"
            ).fetchall()
            for table, columns in TABLES.items()
        } | {"ledger": ledger.read_history(settings.ledger)}


def compare(settings, tmp_path):
    """Load both ways, and give the ids of those that were loaded alone."""
    one, summary_of_one, _ = load_all(settings, tmp_path / "one", most=1)
    all_, summary, alone = load_all(settings, tmp_path / "all", most=100)
    assert look(all_) == look(one)
    assert summary == summary_of_one
    assert verify.run(all_) == verify.run(one)
    return alone


@pytest.mark.parametrize("lines", BAD_LINES.values(), ids=BAD_LINES)
def test_whatever_is_the_matter_with_a_row_all_is_as_if_each_was_loaded_alone(
    settings, days, tmp_path, lines
):
    rewrite(days[2], lines)
    compare(settings, tmp_path)


@pytest.mark.parametrize("spoil", BAD_PROMISES.values(), ids=BAD_PROMISES)
def test_whatever_is_promised_all_is_as_if_each_was_loaded_alone(
    settings, days, tmp_path, spoil
):
    path = days[2] / "manifest.json"
    manifest = json.loads(path.read_text())
    spoil(manifest)
    path.write_text(json.dumps(manifest))
    if manifest["sequence"] > 1:
        days[2].rename(days[1].with_name(f"{DAYS[1]}.2"))
        change(days[1].with_name(f"{DAYS[1]}.2"), business_date=f"{DAYS[1]}")

    compare(settings, tmp_path)


def test_clean_deliveries_are_loaded_in_one_transaction(settings, days, tmp_path):
    rewrite(days[1], [])

    assert compare(settings, tmp_path) == []


def test_those_beside_one_that_is_not_clean_are_still_loaded_together(
    settings, days, tmp_path
):
    rewrite(days[2], BAD_LINES["a value that is not accepted"])

    assert compare(settings, tmp_path) == [f"core_balances/{DAYS[2]}.1"]


def test_those_that_share_a_row_are_loaded_alone(settings, days, tmp_path):
    rewrite(days[3], BAD_LINES["a row of the day after"])

    # The last is as clean as the first, but has none beside it.
    assert compare(settings, tmp_path) == [f"core_balances/{day}.1" for day in DAYS[3:]]


@pytest.mark.usefixtures("days")
def test_a_word_for_nothing_is_one_from_its_day_on(settings, tmp_path, monkeypatch):
    word = {"kind": "any", "pattern": "a4", "valid_from": f"{DAYS[3]}"}
    words = (*read_seed("words_for_nothing"), word)
    monkeypatch.setattr(identifier_forms, "read_seed", lambda _: words)

    # Each was written out the day after.
    assert compare(settings, tmp_path) == [f"core_balances/{day}.1" for day in DAYS[2:]]


@pytest.mark.parametrize(
    ("module", "step"), [(together, "store_pseudonyms"), (scan, "insert_rows")]
)
def test_those_with_a_value_that_can_not_be_kept_are_loaded_alone(
    settings, days, tmp_path, monkeypatch, module, step
):
    succeed = getattr(module, step)

    def fail_for_several(*arguments):
        (source,) = arguments[-1] if module is together else arguments[1:2]
        if source.others:
            raise duckdb.ConversionException
        return succeed(*arguments)

    monkeypatch.setattr(module, step, fail_for_several)

    assert len(compare(settings, tmp_path)) == len(days)


def test_files_with_a_byte_order_mark_are_loaded_together(settings, days, tmp_path):
    for folder in days[1:3]:
        (path,) = folder.glob("*.csv")
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
        file = describe_file(path, rows=5).model_dump()
        change(folder, files=[file], encoding="utf-8-sig")

    assert compare(settings, tmp_path) == []


def test_large_deliveries_are_loaded_alone(settings, days, tmp_path, monkeypatch):
    monkeypatch.setattr(check_ahead, "MOST_BYTES", 500)

    assert len(compare(settings, tmp_path)) == len(days)
