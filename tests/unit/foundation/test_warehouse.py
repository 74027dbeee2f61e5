import platform
import subprocess
import sys

import pytest

from pipelines.foundation.errors import LockedError, MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare, run_lock

HOLD = """
import sys, time
from pathlib import Path
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, run_lock
settings = Settings(home=Path(sys.argv[1]))
with run_lock(settings, "build"), connect(settings):
    print("held", flush=True)
    time.sleep(60)
"""

# Asks the allocator in DuckDB's library itself: jemalloc's mallctl.
ASK_FOR_ZERO = """
import ctypes
import {first}
import _duckdb
answer, size = ctypes.c_bool(), ctypes.c_size_t(1)
ask = ctypes.CDLL(_duckdb.__file__).duckdb_je_mallctl
ask(b"opt.zero", ctypes.byref(answer), ctypes.byref(size), None, ctypes.c_size_t(0))
print(answer.value)
"""


@pytest.fixture
def holder(settings):
    """Another process at work on the same warehouse."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, settings.home], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_preparing_twice_changes_nothing(settings):
    columns = "select table_name, column_name, data_type from duckdb_columns()"
    with connect(settings) as connection:
        prepare(connection)
        once = connection.execute(f"{columns} order by all").fetchall()

        prepare(connection)

        assert connection.execute(f"{columns} order by all").fetchall() == once


def test_reading_where_there_is_no_warehouse_makes_none(settings):
    with pytest.raises(MissingSourceError, match="crm ingest"):
        connect(settings, read_only=True).__enter__()

    assert not settings.warehouse.exists()


def test_a_run_names_the_run_that_keeps_it_out(settings, holder):
    with (
        pytest.raises(LockedError, match=f"`crm build` .* process {holder.pid}"),
        run_lock(settings, "ingest"),
    ):
        pass


def test_a_killed_run_leaves_no_lock(settings, holder):
    holder.kill()
    holder.wait()

    with run_lock(settings, "ingest"):
        pass


def test_a_step_inside_a_run_goes_ahead(settings):
    with run_lock(settings, "run"), run_lock(settings, "ingest"):
        pass


def test_waiting_for_the_warehouse_ends(settings, holder):
    impatient = Settings(home=settings.home, lock_wait_seconds=0.1)

    with pytest.raises(LockedError, match="Another process"):
        connect(impatient).__enter__()
    assert holder.poll() is None


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="DuckDB brings this allocator on Linux on x86-64 only",
)
@pytest.mark.parametrize(
    ("first", "is_blank"), [("pipelines.cli", "True"), ("duckdb", "False")]
)
def test_memory_that_duckdb_gets_is_blank(first, is_blank):
    asked = subprocess.run(
        [sys.executable, "-c", ASK_FOR_ZERO.format(first=first)],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert asked.stdout.strip() == is_blank


def test_a_column_of_before_keeps_what_is_in_it_under_its_name_of_today(settings):
    with connect(settings) as connection:
        prepare(connection)
        connection.execute("""
            alter table ml.score_reasons rename column attribution to contribution;
            insert into ml.score_reasons by name select 0.5 as contribution;
        """)

        prepare(connection)
        prepare(connection)

        kept = connection.execute("select attribution from ml.score_reasons").fetchall()
    assert kept == [(0.5,)]
