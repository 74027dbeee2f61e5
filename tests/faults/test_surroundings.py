"""What a home that can't be used does: one line, an exit code, and reading goes on."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.foundation.deliveries import describe_file
from pipelines.information.ingest import load
from pipelines.information.ingest import run as ingest


def crm(*arguments, home):
    return subprocess.run(
        [Path(sys.executable).with_name("crm"), *arguments],
        env=os.environ | {"CRM_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("home", ["/dev/null/x", f"/dev/{'x' * 300}"])
def test_a_home_that_can_not_be_is_named_in_one_line(home):
    found = crm("ingest", home=home)

    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "can't be used" in found.stderr.splitlines()[-1]


def test_a_log_that_can_not_be_written_keeps_nobody_from_reading(tmp_path):
    home = tmp_path / "home"
    (home / "landing").mkdir(parents=True)
    assert crm("ingest", home=home).returncode == 0
    log = home / "logs" / "crm.log"
    log.unlink()
    log.mkdir()

    for command in ("deliveries", "quarantine", "status"):
        found = crm(command, home=home)
        assert found.returncode == 0, found.stderr
        assert "Traceback" not in found.stderr


BALANCES = """
    select
        'A1' as account_number, date '2025-01-31' as balance_date, 1.50 as balance,
        'CNY' as currency_code
"""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (lambda file: PermissionError(13, "Permission denied", str(file)), "can't be"),
        (lambda file: FileNotFoundError(2, "No such file", str(file)), "can't be read"),
        (lambda file: OSError(5, "Input/output error", str(file)), "can't be read"),
        (lambda _: duckdb.ConversionException("622.00 does not fit"), "can't be kept"),
        (lambda _: duckdb.OutOfRangeException("622.00 overflows"), "can't be kept"),
    ],
)
def test_what_fails_for_one_delivery_is_that_ones_and_shows_no_value(
    settings, deliver, ask, monkeypatch, error, told
):
    deliver("core_balances", BALANCES, date(2025, 1, 30))
    deliver("core_balances", BALANCES)
    store = load.store_pseudonyms

    def fail_once(connection, vault, sources):
        manifest = sources[0].delivery.manifest
        if manifest.business_date == date(2025, 1, 30):
            raise error(settings.landing / "core_balances" / "2025-01-30" / "a.csv")
        return store(connection, vault, sources)

    monkeypatch.setattr(load, "store_pseudonyms", fail_once)

    (line,) = ingest.run(settings).refused

    assert told in line
    assert "622" not in line
    assert ask("select count(*) from raw.core_balances") == [(1,)]


def test_a_packed_file_that_is_none_is_refused_in_any_encoding(settings, deliver):
    folder = deliver("core_balances", BALANCES)
    path = folder / "balances.csv.gz"
    (next(folder.glob("*.csv"))).rename(path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = [describe_file(path, rows=1).model_dump()]
    (folder / "manifest.json").write_text(json.dumps(manifest | {"encoding": "gbk"}))

    (line,) = ingest.run(settings).refused

    assert "can't be unpacked" in line


def test_names_that_a_manifest_or_header_brings_reach_no_log(
    settings, deliver, ask, caplog
):
    folder = deliver("core_balances", BALANCES)
    (path,) = folder.glob("*.csv")
    path.write_text(path.read_text().replace("currency_code", "currency_code,wei_wang"))
    path.write_text(path.read_text().replace("CNY", "CNY,1"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = [describe_file(path, rows=1).model_dump()]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    other = deliver("core_balances", BALANCES, date(2025, 1, 30))
    text = (other / "manifest.json").read_text()
    totals = {"control_totals": {"wei_wang": "x", "balance": "1.50"}, "wei_wang": 1}
    (other / "manifest.json").write_text(json.dumps(json.loads(text) | totals))

    refused = ingest.run(settings).refused

    assert len(refused) == 1
    notes = str(ask("select note from ops.deliveries"))
    assert "column 5" in notes
    assert "wei_wang" not in f"{refused}{notes}{caplog.text}"
