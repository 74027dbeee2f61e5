"""Deliveries that say each other's keys: settled, in whatever order they come."""

import csv
import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import quarantine, replay, verify
from pipelines.information.ingest import run as ingest
from pipelines.information.ingest.precedence import (
    CONFLICT,
    KEPT,
    REPEATED,
    Saying,
    settle,
)

KEY = "5" * 64
DAY = date(2026, 2, 1)
COLUMNS = load_contract("branch").names
RAW = """
    select
        delivery_id, visit_number, amount::varchar,
        if(known_at > timestamp '2026-06-01', 'repaired', known_at::varchar)
    from raw.branch order by all
"""
QUARANTINE = "select delivery_id, line_number, reason, state from ops.quarantine"
COUNTS = """
    select delivery_id, status, rows_loaded, rows_duplicate, rows_quarantined, rows_hash
    from ops.deliveries order by all
"""


def deliver(landing, day, sequence, hour, visits):
    """Deliver visits of a day, by number and amount, written out at some hour."""
    business_date = DAY + timedelta(day)
    name = f"{business_date}.{sequence}" if sequence > 1 else f"{business_date}"
    folder = landing / "branch" / name
    folder.mkdir(parents=True)
    path = folder / "branch.csv"
    empty = dict.fromkeys(COLUMNS, "") | {
        "customer_number": "C1",
        "branch_code": "B0001",
        "occurred_at": "2026-02-01T08:00:00Z",
        "event_type": "deposit",
        "currency_code": "CNY",
    }
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for visit, amount in visits:
            writer.writerow(empty | {"visit_number": visit, "amount": amount})
    extracted_at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)
    manifest = {
        "source": "branch",
        "business_date": f"{business_date}",
        "sequence": sequence,
        "extracted_at": extracted_at.isoformat(),
        "files": [describe_file(path, rows=len(visits)).model_dump()],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def draw_deliveries(random_, landing, *, is_bad):
    """Draw deliveries of a few days, restated or not, that share a few visits."""
    amounts = ["1.00", "2.00", *["much"] * is_bad]
    hours = random_.sample(range(40), 12)
    for day in range(random_.randint(2, 4)):
        for sequence, hour in enumerate(
            sorted(hours.pop() for _ in range(random_.randint(1, 3))), 1
        ):
            visits = random_.sample(range(4), random_.randint(0, 4))
            deliver(
                landing,
                day,
                sequence,
                hour,
                [(f"V{visit}", random_.choice(amounts)) for visit in visits],
            )


def come_in(landing, home, batches, *, repaired_after=None):
    for number, batch in enumerate(batches):
        for name in batch:
            shutil.copytree(landing / "branch" / name, home.landing / "branch" / name)
        assert ingest.run(home).refused == []
        if number == repaired_after:
            repair(home)
            assert ingest.run(home).refused == []
    with connect(home, read_only=True) as connection:
        rows, bad, counts = (
            connection.execute(query).fetchall() for query in (RAW, QUARANTINE, COUNTS)
        )
    assert verify.run(home) == len(counts)
    return rows, sorted(bad), counts


def repair(home):
    """Give every amount that can't be read another, and put the rows through."""
    path = home.home / "bad.csv"
    if quarantine.export_open(home, path, "branch"):
        path.write_text(path.read_text().replace("much", "1.00"))
        quarantine.import_repaired(home, path)
    path.unlink()
    replay.run(home)


def name_all(landing):
    return sorted(path.name for path in (landing / "branch").iterdir())


@pytest.mark.parametrize(
    "seed",
    [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 200))],
)
def test_whoever_comes_first_the_same_row_counts(tmp_path, seed):
    random_ = random.Random(seed)  # noqa: S311
    draw_deliveries(random_, tmp_path, is_bad=False)
    names = name_all(tmp_path)
    found = []
    for number in range(3):
        home = Settings(home=tmp_path / f"{number}", vault_key=KEY)
        shuffled = random_.sample(names, len(names)) if number else names
        found.append(come_in(tmp_path, home, [shuffled[i::3] for i in range(3)]))

    assert found[1] == found[0]
    assert found[2] == found[0]


@pytest.mark.parametrize(
    "seed",
    [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 200))],
)
def test_a_repaired_row_gives_way_to_what_was_said_before_whenever_that_comes(
    tmp_path, seed
):
    random_ = random.Random(1_000 + seed)  # noqa: S311
    draw_deliveries(random_, tmp_path, is_bad=True)
    names = name_all(tmp_path)
    found = []
    for number in range(3):
        home = Settings(home=tmp_path / f"{number}", vault_key=KEY)
        shuffled = random_.sample(names, len(names)) if number else names
        batches = [shuffled[:2], shuffled[2:]]
        come_in(tmp_path, home, batches, repaired_after=number % 2)
        repair(home)
        found.append(come_in(tmp_path, home, [[]]))

    assert found[1] == found[0]
    assert found[2] == found[0]


def test_five_deliveries_that_share_a_visit_are_settled_as_the_rule_says(tmp_path):
    one, other = ("V0", "1.00"), ("V0", "2.00")
    deliver(tmp_path, 7, 1, 6, [("V1", "1.00"), one])
    deliver(tmp_path, 7, 2, 43, [])
    deliver(tmp_path, 9, 1, 13, [one])
    deliver(tmp_path, 24, 1, 11, [("V3", "1.00"), one])
    deliver(tmp_path, 24, 2, 19, [other])
    start = datetime(2026, 3, 2, tzinfo=UTC)
    at = {hour: start + timedelta(hours=hour) for hour in (6, 11, 13, 19, 43)}
    sayings = [
        Saying(date(2026, 2, 8), at[6], at[43], 1),
        Saying(date(2026, 2, 25), at[11], at[19], 1),
        Saying(date(2026, 2, 10), at[13], None, 1),
        Saying(date(2026, 2, 25), at[19], None, 2),
    ]
    assert [outcome for outcome, _ in settle(sayings)] == [
        KEPT,
        REPEATED,
        KEPT,
        CONFLICT,
    ]

    for number, order in enumerate(([0, 1, 2, 3, 4], [4, 2, 0, 3, 1])):
        names = name_all(tmp_path)
        home = Settings(home=tmp_path / f"{number}", vault_key=KEY)
        rows, bad, counts = come_in(tmp_path, home, [[names[n]] for n in order])

        assert [row for row in rows if row[1] == "V0"] == [
            ("branch/2026-02-08.1", "V0", "1.00", "2026-03-02 06:00:00"),
            ("branch/2026-02-10.1", "V0", "1.00", "2026-03-03 19:00:00"),
        ]
        assert bad == [("branch/2026-02-25.2", 2, "key_conflict", "open")]
        assert {name: numbers[1:4] for name, *numbers in counts} == {
            "branch/2026-02-08.1": [2, 0, 0],
            "branch/2026-02-08.2": [0, 0, 0],
            "branch/2026-02-10.1": [1, 0, 0],
            "branch/2026-02-25.1": [1, 1, 0],
            "branch/2026-02-25.2": [0, 0, 1],
        }


def test_a_delivery_that_is_refused_when_loaded_again_keeps_no_other_waiting(tmp_path):
    one, other = ("V0", "1.00"), ("V0", "2.00")
    deliver(tmp_path, 1, 1, 5, [one])
    deliver(tmp_path, 2, 1, 9, [one, ("V1", "1.00")])
    deliver(tmp_path, 3, 1, 10, [one, ("V2", "1.00")])
    home = Settings(home=tmp_path / "home", vault_key=KEY)
    first, *later = name_all(tmp_path)
    come_in(tmp_path, home, [later])
    deliver(tmp_path, 4, 1, 1, [other])
    (changed,) = (home.landing / "branch" / later[0]).glob("*.csv")
    changed.write_text(changed.read_text() + "\n")
    for name in (first, name_all(tmp_path)[-1]):
        shutil.copytree(tmp_path / "branch" / name, home.landing / "branch" / name)

    refused = ingest.run(home).refused

    assert len(refused) == 1
    with connect(home, read_only=True) as connection:
        assert connection.execute("""
            select split_part(delivery_id, '/', 2), status from ops.deliveries
            where status != 'refused' order by delivery_id
        """).fetchall() == [
            ("2026-02-02.1", "loaded"),
            ("2026-02-03.1", "stale"),
            ("2026-02-04.1", "loaded"),
            ("2026-02-05.1", "loaded"),
        ]
