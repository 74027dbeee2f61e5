"""F36: a disk that fills up costs the night and nothing else."""

import os
import shutil
import subprocess
import sys
from datetime import date

import pytest

from pipelines import ingest, verify
from pipelines.settings import Settings
from pipelines.warehouse import connect

KEY = "5" * 64
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        hash(number) % 100000000 / 100 as balance, 'CNY' as currency_code
    from range(1, {rows}) as numbers (number)
"""
DAY, NEXT_DAY = date(2025, 1, 30), date(2025, 1, 31)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB, where the machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_with_exit_code_5_and_what_was_loaded_stays(
    small_disk, deliver, settings
):
    deliver("core_balances", BALANCES.format(day=DAY, rows=1000), DAY)
    home = Settings(home=small_disk / "var", vault_key=KEY)
    shutil.copytree(settings.landing, home.landing)
    ingest.run(home)
    shutil.rmtree(home.landing)
    deliver("core_balances", BALANCES.format(day=NEXT_DAY, rows=600_000), NEXT_DAY)
    home.landing.symlink_to(settings.landing)

    ended = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", "ingest"],
        env=os.environ
        | {
            "CRM_HOME": str(home.home),
            "CRM_VAULT_KEY": KEY,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 5, ended.stderr
    assert "Traceback" not in ended.stderr
    with connect(home, read_only=True) as connection:
        assert connection.execute(
            "select delivery_id, count(*) from raw.core_balances group by all"
        ).fetchall() == [("core_balances/2025-01-30.1", 999)]
    assert verify.run(home) == 1
