"""What a home that can't be used does: one line, an exit code, and reading goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


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
