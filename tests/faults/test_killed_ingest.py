"""An ingestion killed at any instant loses nothing: the next one ends the same."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file, write_delivery
from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.ingest import run as ingest

KEY = "5" * 64
DAYS = [date(2025, 1, 27) + timedelta(days=number) for number in range(4)]
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 2000) as numbers (number)
"""
# Runs an ingestion that kills itself at a point: before or after a function is called
# for the second time, or the third, when some deliveries are in and others are not.
CHILD = """
import importlib, itertools, os, signal, sys, threading
from pathlib import Path
from pipelines.information.ingest import run as ingest
from pipelines.foundation.settings import Settings

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def patch(module, name, count, *, before):
    module, numbers = importlib.import_module(module), itertools.count(1)
    function = getattr(module, name)
    def killing(*arguments, **options):
        number = next(numbers)  # this call's own: two threads may be in here
        if before and number == count:
            kill()
        result = function(*arguments, **options)
        if number == count:
            kill()
        return result
    setattr(module, name, killing)

home, point, moment = sys.argv[1:]
settings = Settings(home=Path(home))
if point == "checkpoint":
    from pipelines.foundation.warehouse import connect
    ingest.run(settings)
    with connect(settings) as connection:
        connection.execute("create table raw.filler as from range(3_000_000)")
        threading.Timer(0.02, kill).start()
        connection.execute("force checkpoint")
        threading.Event().wait()
elif point:
    path, _, count = point.partition(":")
    module, _, name = path.rpartition(".")
    patch(module, name, int(count or 2), before=moment == "before")
ingest.run(settings)
"""
POINTS = {
    "F01_after_a_manifest_is_read": (
        "pipelines.information.ingest.run.read_manifest",
        "after",
    ),
    "F02_while_transcoding": (
        "pipelines.information.ingest.files.check_text:3",
        "after",
    ),
    "F03_before_the_commit": ("pipelines.information.ingest.scan.insert_rows", "after"),
    "F03_before_several_are_committed": (
        "pipelines.information.ingest.together.record_clean:1",
        "after",
    ),
    "F03_while_judging": ("pipelines.information.ingest.judge_rows.measure", "after"),
    "F04_between_commit_of_several_and_ledger": (
        "pipelines.foundation.ledger.append",
        "before",
    ),
    "F04_between_commit_and_ledger": ("pipelines.foundation.ledger.append:3", "before"),
    "F05_after_the_ledger_line": ("pipelines.foundation.ledger.append", "after"),
    "F06_during_a_checkpoint": ("checkpoint", "-"),
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    """Four days of balances, the third of them in GB18030."""
    folder = tmp_path_factory.mktemp("landing")
    with duckdb.connect() as connection:
        for day in DAYS:
            write_delivery(
                connection,
                BALANCES.format(day=day),
                folder,
                load_contract("core_balances"),
                business_date=day,
                extracted_at=_extracted_at(day),
            )
    third = folder / "core_balances" / f"{DAYS[2]}"
    (path,) = third.glob("*.csv")
    path.write_bytes(path.read_text().replace("A7,", "户7,").encode("gb18030"))
    manifest = json.loads((third / MANIFEST).read_text())
    described = describe_file(path, rows=manifest["files"][0]["rows"]).model_dump()
    manifest |= {"encoding": "gb18030", "files": [described]}
    (third / MANIFEST).write_text(json.dumps(manifest))
    return folder


def _extracted_at(day):
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC)


@pytest.fixture
def home(landing, tmp_path):
    """A home with those deliveries and nothing else."""
    shutil.copytree(landing, tmp_path / "var" / "landing")
    return Settings(home=tmp_path / "var", vault_key=KEY)


@pytest.fixture(scope="module")
def undisturbed(landing, tmp_path_factory):
    """What one ingestion that nobody kills leaves."""
    home = Settings(home=tmp_path_factory.mktemp("whole") / "var", vault_key=KEY)
    shutil.copytree(landing, home.landing)
    started = time.monotonic()
    start(home).wait(timeout=60)
    return look(home), time.monotonic() - started


def start(home, point="", moment="-", **environment):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home.home), point, moment],
        env=os.environ
        | {"CRM_VAULT_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}
        | environment,
        stderr=subprocess.DEVNULL,
    )


def look(home):
    """All that must be equal: rows, counts, and no file left over."""
    with connect(home, read_only=True) as connection:
        rows = connection.execute("""
            select delivery_id, count(*), sum(row_hash) from raw.core_balances
            group by all order by all
        """).fetchall()
        noted = connection.execute("""
            select delivery_id, status, rows_loaded, rows_duplicate, rows_quarantined
            from ops.deliveries order by all
        """).fetchall()
    left = [path.name for path in home.home.iterdir() if path.name == "transcoded"]
    return rows, noted, left


@pytest.mark.parametrize(("point", "moment"), POINTS.values(), ids=POINTS)
def test_a_killed_ingestion_ends_as_if_nothing_had_happened(
    home, undisturbed, point, moment
):
    killed = start(home, point, moment)
    assert killed.wait(timeout=60) == -signal.SIGKILL

    ingest.run(home)

    assert look(home) == undisturbed[0]
    assert verify.run(home) == len(DAYS)


def test_f08_random_kills_lose_nothing(landing, undisturbed, tmp_path):
    """By default a few, as each takes seconds; CRM_RANDOM_KILLS=60 for the whole.

    CRM_RANDOM_SEED draws other instants.
    """
    expected, seconds = undisturbed
    seed = int(os.environ.get("CRM_RANDOM_SEED", "0"))
    print(f"CRM_RANDOM_SEED={seed}")  # noqa: T201 - shown where the test fails
    draw = random.Random(seed)  # noqa: S311 - which instant, not which secret
    for number in range(int(os.environ.get("CRM_RANDOM_KILLS", "4"))):
        home = Settings(home=tmp_path / f"{number}", vault_key=KEY)
        shutil.copytree(landing, home.landing)
        process = start(home)
        time.sleep(draw.uniform(0.3, 1.0) * seconds)
        process.kill()
        process.wait(timeout=60)

        ingest.run(home)

        assert look(home) == expected
        assert verify.run(home) == len(DAYS)


def lose_log(home):
    home.warehouse.with_name("warehouse.duckdb.wal").unlink()


def flip_log(home):
    path = home.warehouse.with_name("warehouse.duckdb.wal")
    content = bytearray(path.read_bytes())
    content[4] ^= 0xFF
    path.write_bytes(content)


def cut_log(home):
    path = home.warehouse.with_name("warehouse.duckdb.wal")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [lose_log, flip_log, cut_log])
def test_f13_f14_a_lost_or_damaged_log_is_found_and_made_good(
    home, undisturbed, damage
):
    killed = start(home, "pipelines.foundation.ledger.append", "after")
    killed.wait(timeout=60)
    damage(home)

    with pytest.raises(DataQualityError, match="core_balances/2025-01-2") as told:
        verify.run(home)

    if "damaged" in str(told.value):  # as the message says
        home.warehouse.unlink()
        home.warehouse.with_name("warehouse.duckdb.wal").unlink()
    ingest.run(home)
    assert look(home) == undisturbed[0]
    assert verify.run(home) == len(DAYS)


def test_f15_a_flipped_byte_is_found_by_a_deep_verification(home):
    ingest.run(home)
    with connect(home) as connection:
        connection.execute("checkpoint")
    whole, content = look(home), home.warehouse.read_bytes()
    size, found = 1 << 18, 0
    for block in range(3 * 4096, len(content), size):
        damaged = bytearray(content)
        damaged[block + size // 2] ^= 0xFF
        home.warehouse.write_bytes(damaged)
        try:
            verify.run(home, deep=True)
        except DataQualityError:
            found += 1
        else:  # a block that nothing uses
            assert look(home) == whole
    assert found > 1


def test_f16_an_old_warehouse_under_a_new_ledger_is_found(home):
    later = home.landing / "core_balances" / f"{DAYS[-1]}"
    later.rename(home.home / "later")
    ingest.run(home)
    backup = home.warehouse.read_bytes()
    (home.home / "later").rename(later)
    ingest.run(home)
    home.warehouse.write_bytes(backup)

    with pytest.raises(DataQualityError, match=f"core_balances/{DAYS[-1]}"):
        verify.run(home)


def test_f17_an_edited_ledger_line_is_found(home):
    ingest.run(home)
    lines = home.ledger.read_text().splitlines()
    lines[1] = lines[1].replace('"rows_loaded": 1999', '"rows_loaded": 1998')
    home.ledger.write_text("\n".join(lines) + "\n")

    with pytest.raises(DataQualityError, match="Line 2 of"):
        verify.run(home)


def test_f58_of_two_ingestions_at_once_one_wins_and_nothing_is_loaded_twice(
    home, undisturbed
):
    both = [start(home), start(home)]
    codes = sorted(process.wait(timeout=60) for process in both)

    assert codes[0] == 0
    ingest.run(home)
    assert look(home) == undisturbed[0]
    assert verify.run(home) == len(DAYS)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_f26_the_machines_time_zone_makes_no_difference(home, undisturbed, zone):
    assert start(home, TZ=zone).wait(timeout=60) == 0

    assert look(home) == undisturbed[0]
