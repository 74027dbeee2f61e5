"""Banks to test on: an empty one, one with marts, one after a whole night."""

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path

import pytest

# Before anything imports a library that phones home, or numpy, or DuckDB.
os.environ |= {
    "DO_NOT_TRACK": "true",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # As in `make run`: what waits for a person is tested where it is meant.
    "CRM_AUTO_APPROVE": "true",
    # As `pipelines` sets it, but tests import DuckDB first.
    "DUCKDB_JE_MALLOC_CONF": "zero:true,tcache_max:8388608",
}

import duckdb

from pipelines.analysis import build
from pipelines.foundation.contracts import load_contract, load_contracts
from pipelines.foundation.deliveries import write_delivery
from pipelines.foundation.parameters import PROJECT
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import replay
from pipelines.information.ingest import run as ingest

# Programs, not tests; they import one another from their own folder.
collect_ignore = ["bench"]

KEY = "0" * 64
COUNTED = """
    select delivery_id, rows_delivered, rows_loaded, rows_duplicate, rows_quarantined
    from ops.deliveries where status not in ('refused', 'stale')
"""
KEPT_BACK = """
    select delivery_id, count(distinct (file_number, line_number))
    from ops.quarantine where state != 'repaired' group by delivery_id
"""


@pytest.fixture(scope="session", autouse=True)
def _conservation():
    """Let every test that moves rows fail if a delivery has lost one, or has one more.

    Counts what is where, whatever was noted of it.
    """
    with pytest.MonkeyPatch.context() as patch:
        for step in (ingest, replay):
            patch.setattr(step, "run", _check_conservation_after(step.run))
        yield


def _check_conservation_after(step):
    @wraps(step)
    def run(settings):
        result = step(settings)
        with connect(settings, read_only=True) as connection:
            counted = connection.execute(COUNTED).fetchall()
            kept_back = dict(connection.execute(KEPT_BACK).fetchall())
            stored = dict(
                connection.execute(
                    " union all ".join(
                        f"select delivery_id, count(*) from raw.{source} group by all"
                        for source in load_contracts()
                    )
                ).fetchall()
            )
        for name, delivered, loaded, duplicate, quarantined in counted:
            assert delivered == loaded + duplicate + quarantined, name
            assert duplicate >= 0, name
            assert loaded == stored.get(name, 0), name
            assert quarantined == kept_back.get(name, 0), name
        assert set(stored) <= {name for name, *_ in counted}
        return result

    return run


class WarmDbt:
    """Stands for the module ``subprocess`` where builds are; see ``warm_dbt.py``."""

    def __init__(self, folder):
        self.folder, self.server, self.is_testing = folder, None, True

    def run(self, command, *, env, check, **options):
        """Do what ``subprocess.run`` does with a call of dbt, and ten seconds less."""
        if str(PROJECT) not in command:  # a project that a test has changed
            return subprocess.run(command, env=env, check=check, **options)
        self.start()
        output = self.folder / "output"
        arguments = command[command.index("dbt.cli.main") + 1 :]
        if not self.is_testing:
            arguments += ["--exclude-resource-type", "test"]
        request = {
            "arguments": arguments,
            "environment": env,
            "output": str(output),
        }
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        code = int(self.server.stdout.readline())
        return subprocess.CompletedProcess(command, code, output.read_bytes(), b"")

    def start(self):
        if self.server is None:
            script = Path(__file__).with_name("warm_dbt.py")
            self.server = subprocess.Popen(
                [sys.executable, script, PROJECT, self.folder],
                # What is parsed holds the name of the database, though not its folder.
                env=os.environ | {"CRM_WAREHOUSE": "warehouse.duckdb"},
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self.server.stdout.readline() == "ready\n"

    @contextmanager
    def without_tests(self):
        """Build without dbt's tests of data, which take a third of its time."""
        self.is_testing = False
        try:
            yield
        finally:
            self.is_testing = True

    def stop(self):
        if self.server is not None:
            self.server.stdin.close()
            self.server.wait()
            self.server.stdout.close()


@pytest.fixture(scope="session", autouse=True)
def warm_dbt(tmp_path_factory):
    """Let builds find dbt loaded and its project parsed, but those of a command."""
    warm = WarmDbt(tmp_path_factory.mktemp("dbt"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "subprocess", warm)
        yield warm
    warm.stop()


@pytest.fixture(scope="module")
def models_only(warm_dbt, pytestconfig):
    """Leave dbt's tests of data out of what a file of tests builds, but in `make soak`.

    They hold of the bank that all share, and of the nights in `test_incremental.py`.
    """
    if pytestconfig.getoption("markexpr") != "not soak":
        yield
        return
    with warm_dbt.without_tests():
        yield


@pytest.fixture
def settings(tmp_path):
    """A fresh CRM_HOME."""
    return Settings(home=tmp_path / "var")


@pytest.fixture
def ask(settings):
    """Ask the warehouse something, or change it: ``ask("select …", value)``."""

    def ask(query, *values):
        with connect(settings) as connection:
            return connection.execute(query, values).fetchall()

    return ask


@pytest.fixture
def deliver(settings):
    """Write a delivery from rows in SQL, for example ``deliver("atm", "select …")``."""

    def write(source, query, business_date=date(2025, 1, 31)):
        extracted_at = datetime(2025, 2, 1, 1, 10, tzinfo=UTC)
        with duckdb.connect() as connection:
            write_delivery(
                connection,
                query,
                settings.landing,
                load_contract(source),
                business_date=business_date,
                extracted_at=extracted_at,
            )
        return settings.landing / source / business_date.isoformat()

    return write


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """Make a folder once for all workers: ``make_once("bank", make)`` gives a copy.

    Calls ``make(folder)`` in the first worker that asks. The others wait, and all get
    a copy of their own, for two processes can't hold one DuckDB file.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def give(name, make):
        made = shared / f"made_{name}"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                unfinished = shared / f"unfinished_{name}"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(made)
        copy = tmp_path_factory.mktemp(name) / "var"
        shutil.copytree(made, copy, symlinks=True)
        return copy

    return give


@pytest.fixture(scope="session")
def bank(make_once):
    """A small bank, ingested, accepted and built up to its features. Read only."""

    def make(home):
        from pipelines.demo import simulate
        from pipelines.information.accept import run as accept

        settings = Settings(home=home, vault_key=KEY)
        simulate.run(settings, customers=2000, months=18, seed=0)
        ingest.run(settings).raise_for_problems()
        accept.run(settings)
        build.run(settings)

    return Settings(home=make_once("bank", make), vault_key=KEY)


# Too few customers to prove how much better an estimator is, so half the chance does.
LOWERED_GATE = {"CRM_GATE__TAIL": "0.45", "CRM_GATE__MARGIN": "0"}


@pytest.fixture(scope="session")
def finished_night(make_once, request):
    """The same bank after a whole night: mined, scored, published. Read only."""

    def make(home):
        from pipelines import night

        bank = request.getfixturevalue("bank")
        shutil.copytree(bank.home, home, symlinks=True, dirs_exist_ok=True)
        assert night.run(Settings(home=home, vault_key=KEY)) == []

    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOWERED_GATE.items():
            patch.setenv(name, value)
        return Settings(home=make_once("finished_night", make), vault_key=KEY)


@pytest.fixture(scope="session")
def copy_home(tmp_path_factory):
    """Copy a bank, so that a test may change it: ``copy_home(bank)``."""

    def copy(settings):
        home = tmp_path_factory.mktemp("copy") / "var"
        shutil.copytree(settings.home, home, symlinks=True)
        return Settings(home=home, vault_key=settings.vault_key)

    return copy


@pytest.fixture(scope="session")
def list_open():
    """List what others than its owner may read of a home, but for what is published."""

    def list_open(home):
        return sorted(
            str(path.relative_to(home))
            for path in home.rglob("*")
            if not path.is_symlink()
            and path.relative_to(home).parts[0] != "published"
            and stat.S_IMODE(path.stat().st_mode) & 0o077
        )

    return list_open


@pytest.fixture(scope="session")
def public_data():
    """The folder of public data sets that CRM_PUBLIC_DATA names."""
    folder = os.environ.get("CRM_PUBLIC_DATA")
    if not folder:
        pytest.skip(
            "needs public data sets: set CRM_PUBLIC_DATA to the folder that holds "
            "berka/, cdnow/ and uci_bank_marketing/"
        )
    return Path(folder)


@pytest.fixture(scope="session")
def berka(public_data):
    """The folder with the files of the Czech bank of PKDD'99."""
    folder = public_data / "berka"
    if not folder.is_dir():
        pytest.skip(f"needs the Czech bank: there is no folder berka in {public_data}")
    return folder
