"""Wrong clocks, and days on which clocks are odd, change nothing: F25, F26, F34."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from pipelines.foundation.deliveries import MANIFEST
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.ingest import run as ingest

KEY = "5" * 64
# A leap day, a year's end, and when Europe and America change their clocks.
DAYS = (
    date(2024, 2, 29),
    date(2024, 3, 10),
    date(2024, 3, 31),
    date(2024, 12, 31),
    date(2025, 1, 1),
)
BALANCES = """
    select
        'A' || number as account_number, date '{day}' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""
TRUE_TIME = datetime(2025, 2, 1, 2, 30, tzinfo=UTC)
CLOCKS = {
    "a_day_slow": TRUE_TIME - timedelta(days=1),
    "ten_minutes_fast": TRUE_TIME + timedelta(minutes=10),
    "years_slow": datetime(2001, 1, 1, tzinfo=UTC),
    "clocks_go_forward": datetime(2025, 3, 30, 1, 0, tzinfo=UTC),
    "clocks_go_back": datetime(2025, 10, 26, 1, 0, tzinfo=UTC),
    "leap_day": datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    "year_end": datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),
}
STORED = """
    select deliveries.business_date, deliveries.extracted_at, stored.*
    from raw.core_balances as stored
    inner join ops.deliveries using (delivery_id)
    order by all
"""


def store(landing, home, clock):
    """Ingest while the clock shows something; gives all that was stored."""
    settings = Settings(home=home / "var", vault_key=KEY)
    settings.home.mkdir()
    settings.landing.symlink_to(landing)
    with time_machine.travel(clock, tick=True):
        assert ingest.run(settings).refused == []
    assert verify.run(settings) == len(DAYS)
    with connect(settings, read_only=True) as connection:
        return connection.execute(STORED).fetchall()


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_f25_dates_come_from_the_manifest_and_not_from_the_clock(
    settings, deliver, tmp_path, clock
):
    for day in DAYS:
        deliver("core_balances", BALANCES.format(day=day), day)

    (tmp_path / "skewed").mkdir()
    (tmp_path / "true").mkdir()
    skewed = store(settings.landing, tmp_path / "skewed", clock)

    assert skewed == store(settings.landing, tmp_path / "true", TRUE_TIME)
    assert sorted({row[0] for row in skewed}) == list(DAYS)


INSTANT = datetime(2025, 1, 5, 2, 0)  # noqa: DTZ001 - as the warehouse keeps it
WRITTEN = {
    "with_the_banks_offset": ("2025-01-05T10:00:00+08:00", INSTANT),
    "west_of_greenwich": ("2025-01-04T21:00:00-05:00", INSTANT),
    "half_an_hour_off": ("2025-01-05T07:30:00+05:30", INSTANT),
    "as_utc": ("2025-01-05T02:00:00Z", INSTANT),
    "without_offset": ("2025-01-05 02:00:00", INSTANT),
    "a_zone_that_is_none": ("2025-01-05T10:00:00 Peking/Mars", None),
    "an_hour_that_is_none": ("2025-01-05T25:00:00Z", None),
    "no_leap_day": ("2025-02-29T02:00:00Z", None),
}


EVENT = """
    select
        'E{number}' as event_number, 'C1' as card_number, 'T1' as terminal_code,
        timestamp '2025-01-05 02:00:00' as occurred_at, 'enquiry' as event_type,
        null as amount, null as currency_code
"""


def write(folder, times):
    """Write the given times into the rows of a delivery, honestly promised."""
    (path,) = folder.glob("*.csv")
    text = path.read_text()
    for time in times:
        text = text.replace("2025-01-05T02:00:00Z", time, 1)
    path.write_text(text)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][0] |= {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(("written", "kept"), WRITTEN.values(), ids=WRITTEN)
def test_f34_a_time_is_the_same_instant_or_quarantined(
    settings, deliver, written, kept
):
    write(deliver("atm", EVENT.format(number=1)), [written])

    summary = ingest.run(settings)

    with connect(settings, read_only=True) as connection:
        found = connection.execute("select occurred_at from raw.atm").fetchall()
    assert found == ([(kept,)] if kept else [])
    assert summary.rows_quarantined == (0 if kept else 1)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_f26_f34_an_instant_does_not_depend_on_the_machines_zone(
    settings, deliver, zone
):
    times = [written for written, kept in WRITTEN.values() if kept]
    events = " union all ".join(EVENT.format(number=n) for n, _ in enumerate(times))
    # Each replaced in turn; the one that is written as it stands comes last.
    write(deliver("atm", events), sorted(times, key=lambda time: time[-1] == "Z"))

    subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", "ingest"],
        env=os.environ
        | {
            "CRM_HOME": str(settings.home),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TZ": zone,
        },
        capture_output=True,
        check=True,
    )

    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select occurred_at, count(*) from raw.atm group by all
        """).fetchall() == [(INSTANT, len(times))]
