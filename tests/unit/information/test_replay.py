import csv
import hashlib
import json
from datetime import date

import pytest

from pipelines.foundation.errors import UsageError
from pipelines.foundation.warehouse import connect
from pipelines.information import quarantine, replay, verify
from pipelines.information import rulings as decisions
from pipelines.information.ingest import run as ingest

DELIVERY = "core_balances/2025-01-31.1"
BALANCES = """
    select
        'A' || number as account_number, date '2025-01-31' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""


@pytest.fixture
def spoilt(settings, deliver):
    """Ingest three good rows and those that are given; gives the path for an export."""

    def spoil(*lines, business_date=date(2025, 1, 31)):
        folder = deliver("core_balances", BALANCES, business_date)
        manifest = json.loads((folder / "manifest.json").read_text())
        (file,) = manifest["files"]
        data = folder / file["name"]
        data.write_text(data.read_text() + "".join(f"{line}\n" for line in lines))
        file |= {
            "rows": 3 + len(lines),
            "bytes": data.stat().st_size,
            "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        }
        manifest["control_totals"] = {}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        ingest.run(settings)
        return settings.home / "open.csv"

    return spoil


def mend(path, **cells):
    """Change cells of every exported row."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | cells for row in rows)


COUNTS = "select rows_loaded, rows_duplicate, rows_quarantined from ops.deliveries"


def test_a_repaired_row_joins_its_delivery_and_is_known_from_then(
    settings, spoilt, ask
):
    path = spoilt("A9,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="9.00")
    quarantine.import_repaired(settings, path)

    assert replay.run(settings) == (1, 0)

    assert ask(COUNTS) == [(4, 0, 0)]
    assert ask("""
        select delivery_id, known_at > timestamp '2025-02-01 01:10:00'
        from raw.core_balances where balance = 9
    """) == [(DELIVERY, True)]
    assert ask("select state from ops.quarantine") == [("repaired",)]
    assert verify.run(settings) == 1


def test_replaying_twice_leaves_what_replaying_once_leaves(settings, spoilt, ask):
    path = spoilt("A9,2025-01-31,much,CNY", "A8,2025-01-31,1.00,XXX")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="9.00", currency_code="CNY")
    quarantine.import_repaired(settings, path)
    replay.run(settings)
    once = ask("from raw.core_balances order by all")

    assert replay.run(settings) == (0, 0)
    assert ask("from raw.core_balances order by all") == once


def test_a_row_that_is_still_wrong_stays_open_with_its_new_reason(
    settings, spoilt, ask
):
    path = spoilt("A9,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="9.00", currency_code="XXX")
    quarantine.import_repaired(settings, path)

    assert replay.run(settings) == (0, 1)
    assert ask(
        "select line_number, column_name, reason, state from ops.quarantine"
    ) == [(5, "currency_code", "not_accepted", "open")]
    assert ask(COUNTS) == [(3, 0, 1)]


def test_a_row_repaired_into_one_that_was_loaded_is_a_duplicate(settings, spoilt, ask):
    path = spoilt("A1,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="1.50")
    quarantine.import_repaired(settings, path)

    assert replay.run(settings) == (1, 0)
    assert ask(COUNTS) == [(3, 1, 0)]
    assert verify.run(settings) == 1


def test_a_row_repaired_into_a_contradiction_stays_open(settings, spoilt, ask):
    path = spoilt("A1,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="7.00")
    quarantine.import_repaired(settings, path)

    assert replay.run(settings) == (0, 1)
    assert ask("select reason, state from ops.quarantine") == [("key_conflict", "open")]


def test_a_warehouse_built_again_gets_its_repairs_back(settings, spoilt, ask):
    path = spoilt("A9,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="9.00")
    quarantine.import_repaired(settings, path)
    replay.run(settings)
    before = ask("from raw.core_balances order by all")
    settings.warehouse.unlink()

    ingest.run(settings)
    replay.run(settings)

    assert ask("from raw.core_balances order by all") == before
    assert verify.run(settings) == 1


def test_no_formula_reaches_an_export_and_its_text_comes_back_as_it_was(
    settings, spoilt
):
    path = spoilt("=cmd|'/c calc'!A0,2025-01-31,much,CNY", "A8,2025-01-31,-5.00,XXX")
    quarantine.export_open(settings, path, "core_balances")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert rows[0]["account_number"] == "'=cmd|'/c calc'!A0"
    assert rows[1]["balance"] == "-5.00"

    mend(path, balance="9.00", currency_code="CNY")
    quarantine.import_repaired(settings, path)
    replay.run(settings)
    with connect(settings) as connection:
        connection.execute(f"attach '{settings.vault}' as vault")
        assert connection.execute("""
            select identifier from vault.identifiers where identifier like '=cmd%'
        """).fetchall() == [("=cmd|'/c calc'!A0",)]


def test_an_export_is_for_its_owner_only(settings, spoilt):
    path = spoilt("A9,2025-01-31,much,CNY")

    quarantine.export_open(settings, path, "core_balances")

    assert path.stat().st_mode & 0o777 == 0o600


def test_an_export_is_of_one_delivery_where_one_is_named(settings, spoilt):
    spoilt("A8,2025-01-30,much,CNY", business_date=date(2025, 1, 30))
    path = spoilt("A9,2025-01-31,much,CNY")

    quarantine.export_open(settings, path, DELIVERY)

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["delivery_id"] for row in rows] == [DELIVERY]
    with pytest.raises(UsageError, match="has no open row"):
        quarantine.export_open(settings, path, "core_balances/2025-01-29.1")


def test_a_file_that_names_a_row_that_is_not_open_is_refused(settings, spoilt):
    path = spoilt("A9,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, line_number="4")

    with pytest.raises(UsageError, match=r"Row 2 of open\.csv is not open"):
        quarantine.import_repaired(settings, path)


def test_waived_rows_stay_quarantined_with_a_reason(settings, spoilt, ask):
    spoilt("A9,2025-01-31,much,CNY")

    assert quarantine.waive(settings, DELIVERY, "the branch is closed") == 1

    assert replay.run(settings) == (0, 0)
    assert ask("select state from ops.quarantine") == [("waived",)]
    assert ask("select decision, target, row_count, reason from ops.decisions") == [
        ("waive", DELIVERY, 1, "the branch is closed")
    ]


def test_a_withdrawn_delivery_can_be_accepted_again_and_both_are_recorded(
    settings, spoilt, ask
):
    spoilt()
    accepted = "select count(*) from ops.accepted_deliveries"

    decisions.accept(settings, DELIVERY, "looked at it")
    assert ask(accepted) == [(1,)]
    decisions.withdraw(settings, DELIVERY, "wrong month")
    assert ask(accepted) == [(0,)]
    decisions.accept(settings, DELIVERY, "right after all")
    assert ask(accepted) == [(1,)]
    assert ask("select decision, reason from ops.decisions order by decided_at") == [
        ("accept", "looked at it"),
        ("withdraw", "wrong month"),
        ("accept", "right after all"),
    ]


@pytest.mark.parametrize(
    ("delivery_id", "reason", "told"),
    [
        ("core_balances/2025-01-31.2", "why not", "never loaded"),
        (DELIVERY, " ", "reason"),
    ],
    ids=["unknown", "no_reason"],
)
def test_a_decision_needs_a_delivery_and_a_reason(
    settings, spoilt, delivery_id, reason, told
):
    spoilt()

    with pytest.raises(UsageError, match=told):
        decisions.accept(settings, delivery_id, reason)


def test_a_row_with_a_line_break_comes_back_from_a_spreadsheet(settings, spoilt):
    path = spoilt('"A9\nB",2025-01-31,1.00,XXX')
    quarantine.export_open(settings, path, "core_balances")
    mend(path, currency_code="CNY")

    assert quarantine.import_repaired(settings, path) == 1
    assert replay.run(settings) == (1, 0)
    with connect(settings, read_only=True) as connection:
        connection.execute(f"attach '{settings.vault}' as vault (read_only)")
        assert connection.execute("""
            select count(*) from vault.identifiers
            where identifier = 'A9' || chr(10) || 'B'
        """).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("gbk", ","), ("gb18030", ","), ("utf-16", "\t"), ("utf-8-sig", ";")],
)
def test_what_a_spreadsheet_saves_is_taken_back(settings, spoilt, encoding, delimiter):
    path = spoilt("账户九,2025-01-31,much,CNY")
    quarantine.export_open(settings, path, "core_balances")
    mend(path, balance="9.00")
    text = path.read_text().replace(",", delimiter) + delimiter * 8 + "\n"
    path.write_bytes(text.encode(encoding))

    quarantine.import_repaired(settings, path)

    assert replay.run(settings) == (1, 0)


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xff\x81", b"delivery_id", b"a,b"]
)
def test_a_file_that_is_no_export_is_refused_in_one_line(settings, spoilt, content):
    path = spoilt("A9,2025-01-31,much,CNY")
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UsageError, match="nothing was taken") as refused:
        quarantine.import_repaired(settings, path)

    assert "\n" not in str(refused.value)


def test_an_export_without_a_source_asks_for_one(settings, spoilt):
    path = spoilt("A9,2025-01-31,much,CNY")

    with pytest.raises(UsageError, match="--source"):
        quarantine.export_open(settings, path, "")
