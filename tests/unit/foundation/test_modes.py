"""Who may read what is written?"""

import os
import stat
import subprocess
import sys

import pytest

from pipelines.foundation.modes import make_folder, make_shared_root, share

CRM = "import os; os.umask(0o002); from pipelines.cli import main; main()"


@pytest.fixture(autouse=True)
def _open_umask():
    """Run as a machine that keeps nothing private by itself."""
    before = os.umask(0o002)
    yield
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_their_owners_alone(tmp_path):
    make_folder(tmp_path / "reports" / "churn")

    assert mode_of(tmp_path / "reports" / "churn") == 0o700


def test_the_group_reaches_what_is_published_and_sees_nothing_beside_it(tmp_path):
    make_folder(tmp_path / "var")
    make_shared_root(tmp_path / "var" / "published")
    file = tmp_path / "var" / "published" / "marts.duckdb"
    file.touch()
    share(file)

    assert mode_of(tmp_path / "var") == 0o710
    assert mode_of(tmp_path / "var" / "published") == 0o750
    assert mode_of(file) == 0o440


def test_who_closed_the_home_since_is_not_overruled(tmp_path):
    root = tmp_path / "var" / "published"
    make_shared_root(root)
    root.parent.chmod(0o700)

    make_shared_root(root)

    assert mode_of(root.parent) == 0o700


@pytest.mark.slow
def test_commands_write_for_their_owner_alone(tmp_path, list_open):
    home = tmp_path / "var"
    for arguments in (["simulate", "--customers", "20", "--months", "1"], ["ingest"]):
        subprocess.run(
            [sys.executable, "-c", CRM, *arguments],
            env=os.environ | {"CRM_HOME": str(home)},
            check=True,
            capture_output=True,
        )

    assert {"landing", "vault.duckdb", "warehouse.duckdb", "logs"} <= {
        path.name for path in home.iterdir()
    }
    assert list_open(home) == []
