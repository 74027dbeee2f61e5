"""What stands in files is data, whatever it looks like (F07, F51 to F53)."""

import csv
import hashlib
import json
import shutil

import duckdb
import pandas as pd
import pytest

from pipelines.discovery.report import document as page
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.deliveries import MANIFEST
from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.warehouse import connect
from pipelines.information import quarantine
from pipelines.information.ingest import run as ingest

HOSTILE = {
    "sql": "'); DROP TABLE raw.core_customers; --",
    "template": "{{ 7*7 }}",
    "markup": "<script>alert(1)</script>",
    "format": "%s{0}${HOME}",
    "newline": "Wang\nERROR forged line",
    "right_to_left": "\u202egnaW",
}
CUSTOMER = """
    select
        'C1' as customer_number, date '2025-01-31' as changed_date,
        date '2025-01-31' as registered_date, $name as full_name,
        $name as branch_code, 'CN' as document_number, null as phone_number,
        null as email_address, null as postal_address, null as login_name,
        null as birth_date, null as gender, null as income_year,
        null as annual_income, null as annual_income_one_year_before,
        null as annual_income_two_years_before, null as has_income_proof,
        null as household_number, null as manager_code, null as has_marketing_consent
"""


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_f52_a_hostile_name_is_a_name(settings, deliver, capsys, name):
    literal = "'" + name.replace("'", "''") + "'"
    deliver("core_customers", CUSTOMER.replace("$name", literal))

    assert ingest.run(settings).rows_loaded == 1

    with connect(settings, read_only=True) as connection:
        assert connection.execute(
            "select branch_code from raw.core_customers"
        ).fetchall() == [(name,)]
    with duckdb.connect(settings.vault, read_only=True) as vault:
        assert vault.execute(
            "select identifier from identifiers where kind = 'name'"
        ).fetchall() == [(name,)]
    assert "forged" not in capsys.readouterr().err


def test_f52_a_report_shows_markup_as_text():
    columns = pd.DataFrame({"column_name": ["<script>alert(1)</script>"], "auc": [0.5]})

    shown = page.write_table(columns, {"column_name": "Column", "auc": "AUC"})

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script" not in shown


@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A0", "+1+1", "-1+1", "@SUM(A1)"])
def test_f53_no_formula_reaches_a_spreadsheet(settings, deliver, cell):
    folder = deliver(
        "core_balances",
        f"""
        select
            '{cell.replace("'", "''")}' as account_number,
            date '2025-01-31' as balance_date, 1.00 as balance, 'CNY' as currency_code
        """,
    )
    rewrite(folder, ",CNY", ",XXX")
    ingest.run(settings)

    quarantine.export_open(settings, settings.home / "open.csv", "core_balances")

    with (settings.home / "open.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["account_number"] == f"'{cell}"


YAML = {
    "an_object": "!!python/object/apply:os.system ['touch {marker}']",
    "a_name": "sources: !!python/name:os.system",
    "fifty_megabytes": "sources: []\n" + "#" * (50 << 20),
    "no_yaml": "sources: [",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_f51_a_contract_that_is_more_than_data_is_refused(tmp_path, text):
    marker = tmp_path / "marker"
    path = tmp_path / "telex" / "_telex__sources.yml"
    path.parent.mkdir()
    path.write_text(text.replace("{marker}", str(marker)))

    with pytest.raises(DataQualityError, match="_telex__sources"):
        load_contracts(tmp_path)
    assert not marker.exists()


def test_f51_a_billion_laughs_take_no_memory(tmp_path):
    laughs = "\n".join(
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)
    )
    path = tmp_path / "telex" / "_telex__sources.yml"
    path.parent.mkdir()
    path.write_text(f"l0: &l0 ha\n{laughs}\nsources: []\n")

    assert load_contracts(tmp_path) == {}


BALANCES = """
    select
        'A' || number as account_number, date '2025-01-31' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""


def rewrite(folder, before, after):
    """Change a delivery's file, and promise what it is then."""
    (path,) = folder.glob("*.csv")
    path.write_text(path.read_text().replace(before, after))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][0] |= {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    manifest["control_totals"] = {}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def send_again(folder):
    """Write the same once more."""


def send_under_another_name(folder):
    other = folder.with_name("2025-02-28")
    shutil.copytree(folder, other)
    manifest = (other / MANIFEST).read_text()
    (other / MANIFEST).write_text(manifest.replace('"2025-01-31"', '"2025-02-28"'))


def send_other_content(folder):
    rewrite(folder, "1.50", "9.50")


def send_restatement(folder):
    other = folder.with_name("2025-01-31.2")
    shutil.copytree(folder, other)
    rewrite(other, "1.50", "9.50")
    manifest = json.loads((other / MANIFEST).read_text()) | {"sequence": 2}
    (other / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("send", "statuses", "rows"),
    [
        (send_again, ["loaded"], 3),
        (send_under_another_name, ["loaded", "duplicate"], 3),
        (send_other_content, ["loaded", "refused"], 3),
        (send_restatement, ["loaded", "loaded"], 6),
    ],
    ids=["again", "another_name", "other_content", "restated"],
)
def test_f07_what_comes_twice_is_never_silently_overwritten(
    settings, deliver, send, statuses, rows
):
    folder = deliver("core_balances", BALANCES)
    ingest.run(settings)
    send(folder)

    ingest.run(settings)

    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select status, note is not null from ops.deliveries order by loaded_at
        """).fetchall() == [
            (status, status in {"duplicate", "refused"}) for status in statuses
        ]
        assert connection.execute(
            "select count(*) from raw.core_balances"
        ).fetchall() == [(rows,)]
        assert connection.execute(
            "select count(*) from raw.core_balances where balance = 1.50"
        ).fetchall() == [(1,)]
