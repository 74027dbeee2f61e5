import hashlib
import json
import threading
from datetime import date
from itertools import compress

import duckdb
import numpy as np
import pytest

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.ingest import check_ahead as ahead
from pipelines.information.ingest import run as ingest
from pipelines.information.ingest.check import check_delivery
from pipelines.information.ingest.check_digits import is_luhn
from pipelines.information.ingest.load import load_delivery

BALANCES = """
    select
        'A' || number as account_number, date '2025-01-31' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""


def counts(summary):
    return (
        summary.rows_delivered,
        summary.rows_loaded,
        summary.rows_duplicate,
        summary.rows_quarantined,
    )


def append(folder, *lines):
    """Add lines to a delivery's file, and promise them in its manifest."""
    (data,) = folder.glob("*.csv")
    rewrite(
        folder, data.read_text() + "".join(f"{line}\n" for line in lines), len(lines)
    )


def rewrite(folder, text, more=0):
    """Give a delivery's file other content, of so many more rows, and promise that."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    (file,) = manifest["files"]
    content = text.encode()
    (folder / file["name"]).write_bytes(content)
    file |= {
        "rows": file["rows"] + more,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    manifest["control_totals"] = {}
    path.write_text(json.dumps(manifest))


def test_every_row_is_loaded_with_where_it_came_from(settings, deliver, ask):
    deliver("core_balances", BALANCES)

    summary = ingest.run(settings)

    assert counts(summary) == (3, 3, 0, 0)
    assert ask("""
        select delivery_id, balance, known_at::varchar
        from raw.core_balances order by balance
    """) == [
        ("core_balances/2025-01-31.1", amount, "2025-02-01 01:10:00")
        for amount in (1.5, 3.0, 4.5)
    ]


def test_identifiers_stay_in_the_vault(settings, deliver, ask):
    deliver("core_balances", BALANCES)

    ingest.run(settings)

    (pseudonyms,) = zip(
        *ask("select account_number from raw.core_balances"), strict=True
    )
    assert [len(pseudonym) for pseudonym in pseudonyms] == [20, 20, 20]
    assert not {"A1", "A2", "A3"} & set(pseudonyms)


def test_running_twice_leaves_what_running_once_leaves(settings, deliver, ask):
    deliver("core_balances", BALANCES)
    ingest.run(settings)
    once = ask("from raw.core_balances order by all")

    again = ingest.run(settings)

    assert counts(again) == (0, 0, 0, 0)
    assert again.deliveries_known == 1
    assert ask("from raw.core_balances order by all") == once


def test_the_same_content_under_another_name_is_a_duplicate(settings, deliver, ask):
    first = deliver("core_balances", BALANCES)
    ingest.run(settings)
    copy = first.with_name("2025-02-28")
    first.rename(copy)
    manifest = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(
        manifest.replace('"2025-01-31"', '"2025-02-28"')
    )

    summary = ingest.run(settings)

    assert counts(summary) == (3, 0, 3, 0)
    assert ask("select count(*) from raw.core_balances") == [(3,)]


def test_files_that_were_loaded_are_not_read_again(settings, deliver, monkeypatch):
    for day in (30, 31):
        deliver("core_balances", BALANCES, date(2025, 1, day))
    ingest.run(settings)

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr("pipelines.information.ingest.check_ahead.check_delivery", fail)

    assert ingest.run(settings).deliveries_known == 2


def test_a_file_that_is_changed_after_its_early_check_is_refused(
    settings, deliver, monkeypatch
):
    for day in (30, 31):
        deliver("core_balances", BALANCES, date(2025, 1, day))
    (second,) = settings.landing.glob("core_balances/2025-01-31/*.csv")
    is_checked = threading.Event()

    def check_and_tell(folder, manifest):
        delivery = check_delivery(folder, manifest)
        if folder == second.parent:
            is_checked.set()
        return delivery

    def change_and_load(*arguments, **options):
        assert is_checked.wait(timeout=30)
        second.write_text(second.read_text().replace("1.5", "2.5"))
        return load_delivery(*arguments, **options)

    monkeypatch.setattr(ahead, "check_delivery", check_and_tell)
    monkeypatch.setattr(ingest, "load_delivery", change_and_load)

    summary = ingest.run(settings)

    assert summary.deliveries_loaded == 1
    (refusal,) = summary.refused
    assert "core_balances/2025-01-31.1 has a SHA-256" in refusal


def test_what_a_check_finds_is_told_in_its_turn(settings, deliver):
    for day in (29, 30, 31):
        deliver("core_balances", BALANCES, date(2025, 1, day))
    (data,) = settings.landing.glob("core_balances/2025-01-30/*.csv")
    data.write_text(data.read_text().replace("1.5", "2.5"))

    summary = ingest.run(settings)

    assert summary.deliveries_loaded + summary.deliveries_duplicate == 2
    (refusal,) = summary.refused
    assert "core_balances/2025-01-30.1 has a SHA-256" in refusal


def test_other_content_under_a_loaded_name_is_refused(settings, deliver, ask):
    deliver("core_balances", BALANCES)
    ingest.run(settings)
    deliver("core_balances", f"{BALANCES} where number < 3")

    summary = ingest.run(settings)

    assert "send a restatement with the next sequence" in summary.refused[0]
    assert ask("select count(*) from raw.core_balances") == [(3,)]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("A9,2025-01-31,much,CNY", "balance", "unreadable"),
        ("A9,31/01/2025,1.00,CNY", "balance_date", "unreadable"),
        ("A9,2025-01-31,1.00", "currency_code", "unreadable"),
        (",2025-01-31,1.00,CNY", "account_number", "missing"),
        ("A9,2025-01-31,1.00,XXX", "currency_code", "not_accepted"),
        ("A9,2025-02-02,1.00,CNY", "balance_date", "happened_after_extraction"),
    ],
    ids=["number", "date", "too_few", "missing", "not_accepted", "future"],
)
def test_a_bad_row_is_quarantined_with_its_line_and_reason(
    settings, deliver, ask, line, column, reason
):
    append(deliver("core_balances", BALANCES), line)

    summary = ingest.run(settings)

    assert counts(summary) == (4, 3, 0, 1)
    assert ask("select line_number, column_name, reason from ops.quarantine") == [
        (5, column, reason)
    ]


def test_a_total_that_no_one_can_add_up_is_not_compared_and_that_is_noted(
    settings, deliver, ask
):
    folder = deliver("core_balances", BALANCES)
    path = folder / "manifest.json"
    totals = {"control_totals": json.loads(path.read_text())["control_totals"]}
    append(folder, "A9,2025-01-31,much,CNY")
    path.write_text(json.dumps(json.loads(path.read_text()) | totals))

    ingest.run(settings)

    assert totals["control_totals"]
    ((note, loaded),) = ask("select note, rows_loaded from ops.deliveries")
    assert "Control totals were not compared" in note
    assert loaded == 3


def test_a_bad_row_has_all_its_reasons(settings, deliver, ask):
    append(deliver("core_balances", BALANCES), ",2025-01-31,1.00,XXX")

    ingest.run(settings)

    assert ask("select reason from ops.quarantine order by reason") == [
        ("missing",),
        ("not_accepted",),
    ]


def test_lines_are_right_behind_unreadable_rows(settings, deliver, ask):
    append(
        deliver("core_balances", BALANCES),
        "A9,2025-01-31,much,CNY",
        "A8,2025-01-31,1.00,XXX",
        "A7,2025-01-31,more,CNY",
        "A6,2025-01-31,1.00,YYY",
    )

    assert counts(ingest.run(settings)) == (7, 3, 0, 4)
    assert ask("select line_number from ops.quarantine order by 1") == [
        (5,),
        (6,),
        (7,),
        (8,),
    ]


def test_lines_are_right_in_a_file_that_several_threads_read(settings, deliver, ask):
    """DuckDB writes what it has joined in any order."""
    folder = deliver(
        "core_balances",
        """
            select
                'A' || number as account_number, date '2025-01-31' as balance_date,
                1.5 as balance, 'CNY' as currency_code
            from range(800_000) as numbers (number)
        """,
    )
    (path,) = folder.glob("*.csv")
    lines = path.read_text().splitlines()
    rounded = {2, 300_003, 700_004, 800_001}
    broken = {5, 333_333, 444_444, 666_666, 799_999}
    unreadable = {7, 300_001, 600_000}
    for places, column, value in (
        (rounded, 2, "1.555"),
        (broken, 3, ""),
        (unreadable, 1, "never"),
    ):
        for place in places:
            cells = lines[place - 1].split(",")
            cells[column] = value
            lines[place - 1] = ",".join(cells)
    # The same row twice, to the letter, of which one is said to be faulty.
    lines[500_000 - 1] = lines[333_333 - 1]
    rewrite(folder, "\n".join(lines) + "\n")

    ingest.run(settings)

    assert set(ask("select reason, line_number from ops.quarantine")) == {
        *(("too_precise", line) for line in rounded),
        *(("missing", line) for line in broken | {500_000}),
        *(("unreadable", line) for line in unreadable),
    }
    with connect(settings) as connection:
        Vault(connection, settings)
        kept = connection.execute("""
            select line_number, raw_text from vault.quarantined_rows
        """).fetchall()
    accounts = {line: lines[line - 1].split(",")[0] for line, _ in kept}
    assert {line: text.split(",")[0].strip('"') for line, text in kept} == accounts


def test_a_repeated_row_is_a_duplicate(settings, deliver):
    append(deliver("core_balances", BALANCES), "A1,2025-01-31,1.50,CNY")

    assert counts(ingest.run(settings)) == (4, 3, 1, 0)


def test_rows_that_contradict_each_other_are_both_quarantined(settings, deliver, ask):
    append(deliver("core_balances", BALANCES), "A1,2025-01-31,99.00,CNY")

    assert counts(ingest.run(settings)) == (4, 2, 0, 2)
    assert ask("select line_number, reason from ops.quarantine order by 1") == [
        (2, "key_conflict"),
        (5, "key_conflict"),
    ]


def test_a_row_that_contradicts_an_earlier_delivery_is_quarantined(
    settings, deliver, ask
):
    deliver("core_balances", BALANCES)
    ingest.run(settings)
    deliver(
        "core_balances",
        BALANCES.replace("number * 1.50", "if(number = 2, 9.99, number * 1.50)"),
        business_date=date(2025, 2, 1),
    )

    assert counts(ingest.run(settings)) == (3, 0, 2, 1)
    assert ask("select line_number, reason from ops.quarantine") == [
        (3, "key_conflict")
    ]


def test_raw_text_of_a_bad_row_is_kept_in_the_vault_only(settings, deliver):
    append(deliver("core_balances", BALANCES), "secret-9,2025-01-31,much,CNY")

    ingest.run(settings)

    with duckdb.connect(settings.vault, read_only=True) as connection:
        kept = connection.execute("select raw_text from quarantined_rows").fetchall()
    assert kept == [("secret-9,2025-01-31,much,CNY",)]
    assert b"secret-9" not in settings.warehouse.read_bytes()


def test_times_with_any_offset_are_kept_in_utc(settings, deliver, ask):
    folder = deliver(
        "atm",
        """
        select 'E1' as event_number, 'C1' as card_number, 'T1' as terminal_code,
            timestamp '2025-01-05 02:00:00' as occurred_at, 'enquiry' as event_type,
            null as amount, null as currency_code
        """,
    )
    append(
        folder,
        "E2,C1,T1,2025-01-05T10:00:00+08:00,enquiry,,",
        "E3,C1,T1,2025-01-05 02:00:00,enquiry,,",
    )

    ingest.run(settings)

    assert ask("select distinct occurred_at::varchar from raw.atm") == [
        ("2025-01-05 02:00:00",)
    ]


def test_a_failed_load_leaves_nothing_behind(settings, deliver, ask, monkeypatch):
    deliver("core_balances", BALANCES)

    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.information.ingest.load._check_conservation", fail)
        with pytest.raises(KeyboardInterrupt):
            ingest.run(settings)
    assert ask("select count(*) from raw.core_balances") == [(0,)]

    assert counts(ingest.run(settings)) == (3, 3, 0, 0)


def test_a_run_killed_between_commit_and_ledger_is_made_good(
    settings, deliver, monkeypatch
):
    deliver("core_balances", BALANCES)

    def load_and_die(*arguments, **options):
        load_delivery(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.information.ingest.run.load_delivery", load_and_die)
        with pytest.raises(KeyboardInterrupt):
            ingest.run(settings)
    ingest.run(settings)

    assert verify.run(settings) == 1


def test_verify_names_a_delivery_whose_rows_are_gone(settings, deliver):
    deliver("core_balances", BALANCES)
    ingest.run(settings)
    with connect(settings) as connection:
        connection.execute("delete from raw.core_balances where balance = 1.5")

    with pytest.raises(DataQualityError, match=r"core_balances/2025-01-31\.1"):
        verify.run(settings)


@pytest.mark.parametrize("length", range(12, 20))
def test_the_check_digit_of_a_card_is_luhns(length):
    """ISO/IEC 7812-1, annex B, digit by digit."""
    begun = [str(7 * 10 ** (length - 2) + 123_456_789 * n) for n in range(20)]
    numbers = [number + digit for number in begun for digit in "0123456789"]
    accepted = is_luhn(np.array([int(number) for number in numbers], dtype=np.uint64))

    doubled = str.maketrans("0123456789", "0246813579")
    expected = {
        number
        for number in numbers
        if sum(map(int, number[-1::-2] + number[-2::-2].translate(doubled))) % 10 == 0
    }
    assert set(compress(numbers, accepted)) == expected
    assert len(expected) == len(begun)
