"""F36: a disk that fills up costs the night and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date

import pytest

from pipelines.decision.publish import run as publish
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare
from pipelines.information import verify
from pipelines.information.ingest import run as ingest

KEY = "5" * 64
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        hash(number) % 100000000 / 100 as balance, 'CNY' as currency_code
    from range(1, {rows}) as numbers (number)
"""
DAY, NEXT_DAY = date(2025, 1, 30), date(2025, 1, 31)
MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A disk of so many bytes, where the machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size):
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("needs the right to mount a small disk")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", folder], check=True)


def run(home, *command):
    """Run `crm` in a process of its own, and expect that the disk is full."""
    ended = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *command],
        env=os.environ
        | {
            "CRM_HOME": str(home.home),
            "CRM_VAULT_KEY": home.vault_key.get_secret_value(),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 5, ended.stderr
    assert "Traceback" not in ended.stderr


def ask(home, query):
    with connect(home, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_f36_what_was_loaded_stays_when_a_load_fills_the_disk(
    small_disk, deliver, settings
):
    deliver("core_balances", BALANCES.format(day=DAY, rows=1000), DAY)
    home = Settings(home=small_disk(24 * MB) / "var", vault_key=KEY)
    shutil.copytree(settings.landing, home.landing)
    ingest.run(home)
    shutil.rmtree(home.landing)
    deliver("core_balances", BALANCES.format(day=NEXT_DAY, rows=600_000), NEXT_DAY)
    home.landing.symlink_to(settings.landing)

    run(home, "ingest")

    assert ask(
        home, "select delivery_id, count(*) from raw.core_balances group by all"
    ) == [("core_balances/2025-01-30.1", 999)]
    assert verify.run(home) == 1


@pytest.mark.parametrize("free", [0, 6 * MB], ids=["at_once", "while_it_builds"])
def test_f36_the_marts_are_whole_when_a_build_fills_the_disk(bank, small_disk, free):
    size = bank.warehouse.stat().st_size
    home = Settings(home=small_disk(size + MB + free) / "var", vault_key=bank.vault_key)
    home.home.mkdir()
    shutil.copy(bank.warehouse, home.warehouse)
    marts = "select count(*), sum(hash(features)) from marts.customer_features features"
    before = ask(home, marts)

    run(home, "build")

    assert ask(home, marts) == before


def test_f36_what_was_published_stays_when_a_publication_fills_the_disk(small_disk):
    home = Settings(home=small_disk(24 * MB) / "var", vault_key=KEY)
    fill_marts(home, rows=1000)
    before = publish.run(home).folder
    fill_marts(home, rows=900_000)

    run(home, "publish")

    assert publish.find_current(home) == before
    assert (before / "marts.duckdb").is_file()
    assert ask(home, "select count(*) from marts.customer_features") == [(900_000,)]


def fill_marts(home, *, rows):
    """Write a mart that does not compress, built and then checked."""
    with connect(home) as connection:
        prepare(connection)
        connection.execute(f"""
            create schema if not exists marts;
            create or replace table marts.customer_features as
            select
                'P' || number as customer_id, date '2026-07-01' as as_of_date,
                hash(number) as noise
            from range({rows}) as numbers (number);
            delete from ops.gates;
            insert into ops.gates values (
                'scores', 'customer_scores', '2026-07-01 06:12:00', true, 5, 0, null
            );
        """)
    record = home.home / "dbt" / "target" / "run_results.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    built = {
        "metadata": {"generated_at": "2026-07-01T06:10:00Z"},
        "results": [{"unique_id": "model.bank_crm.customer_features"}],
    }
    record.write_text(json.dumps(built))
