"""In whatever order deliveries come in, staging and the marts see the same."""

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from pipelines.analysis import build
from pipelines.demo import simulate
from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import (
    MANIFEST,
    Manifest,
    describe_file,
    write_delivery,
)
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.identity import run as identity
from pipelines.information.ingest import run as ingest

pytestmark = pytest.mark.usefixtures("models_only")

KEY = "5" * 64
FIRST = date(2025, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(31)]
EVENTS = """
    select
        'E{day}' || '-' || number as event_number, 'C' || number % 7 as card_number,
        'T1' as terminal_code,
        timestamp '{day} 08:00:00' + interval (number) minute as occurred_at,
        'deposit' as event_type, number * {times} as amount, 'CNY' as currency_code
    from range({rows}) as numbers (number)
"""
# Staging reads the rows of accepted deliveries, each until it was superseded.
AS_STAGED = """
    select delivered.* exclude (delivery_id), deliveries.superseded_at
    from raw.atm as delivered
    inner join ops.accepted_deliveries as deliveries using (delivery_id)
    order by all
"""


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """A month of days; one is late, one restated, one sent again, some repeat rows."""
    landing = tmp_path_factory.mktemp("month")

    def write(day, query, extracted_at):
        write_delivery(
            connection,
            query,
            landing,
            load_contract("atm"),
            business_date=day,
            extracted_at=extracted_at,
        )

    with duckdb.connect() as connection:
        for number, day in enumerate(DAYS):
            known = datetime(2025, 1, 1, 1, 10, tzinfo=UTC) + timedelta(days=number + 1)
            query = EVENTS.format(day=day, rows=10 + number, times=1)
            if day.day == 9:  # late: extracted at the end of the month
                known += timedelta(days=25)
            if day.day == 12:  # says some of the day before again
                query += " union all " + EVENTS.format(day=DAYS[10], rows=5, times=1)
            if day.day == 14:  # repeats one row of the day before, contradicts another
                query += " union all " + EVENTS.format(day=DAYS[12], rows=2, times=3)
            if day.day == 21:  # repeats what the restatement of the day before drops
                query += " union all " + EVENTS.format(day=DAYS[19], rows=12, times=1)
            write(day, query, known)
        restated = landing / "atm" / "2025-01-20"
        kept = restated.rename(restated.with_name("kept"))
        write(
            date(2025, 1, 20),
            EVENTS.format(day=date(2025, 1, 20), rows=8, times=2),
            datetime(2025, 1, 25, 1, 10, tzinfo=UTC),
        )
        second = restated.rename(restated.with_name("2025-01-20.2"))
        kept.rename(restated)
    rewrite(second, '"sequence": 1', '"sequence": 2')
    again = landing / "atm" / "2025-02-01"
    shutil.copytree(landing / "atm" / "2025-01-15", again)
    rewrite(again, '"2025-01-15"', '"2025-02-01"')
    rewrite(again, "2025-01-16T01:10:00Z", "2025-02-02T01:10:00Z")
    return landing


def rewrite(folder, before, after):
    path = folder / MANIFEST
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))


def arrive(month, home, batches):
    """Let deliveries come in, one batch a night, and accept them all."""
    for batch in batches:
        for name in batch:
            shutil.copytree(month / "atm" / name, home.landing / "atm" / name)
        ingest.run(home).raise_for_problems()
        with connect(home) as connection:
            connection.execute(
                "update ops.deliveries set status = 'accepted' where status = 'loaded'"
            )
    with connect(home, read_only=True) as connection:
        return connection.execute(AS_STAGED).fetchall()


@pytest.fixture(scope="module")
def in_order(month, tmp_path_factory):
    home = Settings(home=tmp_path_factory.mktemp("ordered") / "var", vault_key=KEY)
    names = sorted(path.name for path in (month / "atm").iterdir())
    return arrive(month, home, [names]), names


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))]
)
def test_f19_any_order_of_arrival_gives_the_same_rows(month, in_order, tmp_path, seed):
    expected, names = in_order
    shuffled = random.Random(seed).sample(names, len(names))  # noqa: S311
    home = Settings(home=tmp_path / "var", vault_key=KEY)

    found = arrive(month, home, [shuffled[i::4] for i in range(4)])

    assert found == expected
    assert verify.run(home) == len(names)


def test_f20_a_restatement_replaces_and_history_keeps_both(in_order):
    rows, *_ = in_order
    of_the_day = [row for row in rows if row[0].startswith("E2025-01-20")]
    restated = datetime(2025, 1, 25, 1, 10)  # noqa: DTZ001 - as the warehouse keeps it

    assert {(row[-3], row[-1]) for row in of_the_day} == {
        (datetime(2025, 1, 21, 1, 10), restated),  # noqa: DTZ001
        (restated, None),
    }
    # Four that it drops are still said by the day after.
    assert sum(row[-1] is None for row in of_the_day) == 8 + 4


def test_f19_of_a_contradiction_the_row_that_was_written_first_stays(in_order):
    rows, *_ = in_order

    assert [row[5] for row in rows if row[0] == "E2025-01-13-1"] == [1]


def test_f19_rows_said_twice_are_known_since_they_were_first_said(in_order):
    rows, *_ = in_order
    said_twice = [row for row in rows if row[0] == "E2025-01-11-0"]

    assert [row[-3] for row in said_twice] == [
        datetime(2025, 1, 12, 1, 10)  # noqa: DTZ001
    ]


# One is late, one restated, one sent again, and one says rows of the day before again.
ODD = {"late": 9, "restated": 20, "again": 15, "overlapping": 12}


@pytest.fixture(scope="module")
def bank_month(tmp_path_factory):
    """A month of a whole bank, a delivery a day and source; some of them odd."""
    home = Settings(home=tmp_path_factory.mktemp("bank_month") / "var", vault_key=KEY)
    simulate.run(home, customers=60, months=1, seed=5, every="day")
    for source in home.landing.iterdir():
        for folder in source.iterdir():
            if Manifest.model_validate_json((folder / MANIFEST).read_bytes()).rows == 0:
                shutil.rmtree(folder)
    cards = home.landing / "card"
    restate(cards / f"2025-01-{ODD['restated']}")
    overlap(cards / f"2025-01-{ODD['overlapping']}")
    again = cards / "2025-02-01"
    shutil.copytree(cards / f"2025-01-{ODD['again']}", again)
    rewrite(again, '"2025-01-15"', '"2025-02-01"')
    late = cards / f"2025-01-{ODD['late']:02}"
    rewrite(late, "2025-01-10T", "2025-02-03T")
    return home.landing


def restate(folder):
    """Restate a day five days later: without its last row, which others do not say."""
    second = folder.with_name(f"{folder.name}.2")
    shutil.copytree(folder, second)
    change_rows(second, lambda rows: rows[:-1])
    rewrite(second, '"sequence": 1', '"sequence": 2')
    rewrite(second, "2025-01-21T", "2025-01-26T")


def overlap(folder):
    """Let a day say the last rows of the day before again."""
    before = folder.with_name("2025-01-11")
    (path,) = before.glob("*.csv")
    repeated = path.read_text().splitlines(keepends=True)[-2:]
    change_rows(folder, lambda rows: rows + repeated)


def change_rows(folder, change):
    (path,) = folder.glob("*.csv")
    header, *rows = path.read_text().splitlines(keepends=True)
    rows = change(rows)
    path.write_text(header + "".join(rows))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = [describe_file(path, rows=len(rows)).model_dump()]
    manifest["control_totals"] = {}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))


def build_marts(landing, home, batches):
    """Let a bank's deliveries come in, one batch a night, and build its marts."""
    for batch in batches:
        for name in batch:
            shutil.copytree(landing / name, home.landing / name)
        assert ingest.run(home).refused == []
        with connect(home) as connection:
            connection.execute(
                "update ops.deliveries set status = 'accepted' where status = 'loaded'"
            )
    identity.run(home)
    build.run(home)
    with connect(home, read_only=True) as connection:
        marts = connection.execute("""
            select table_name from duckdb_tables() where schema_name = 'marts'
        """).fetchall()
        return {
            mart: connection.execute(
                f"select count(*), sum(hash(mart)) from marts.{mart} as mart"
            ).fetchall()
            for (mart,) in marts
        }


@pytest.mark.slow
def test_any_order_of_arrival_gives_the_same_marts(bank_month, tmp_path):
    names = sorted(
        path.parent.relative_to(bank_month)
        for path in bank_month.glob(f"*/*/{MANIFEST}")
    )
    in_order = sorted(names, key=lambda name: name.name)
    shuffled = random.Random(0).sample(names, len(names))  # noqa: S311

    expected, found = (
        build_marts(
            bank_month,
            Settings(home=tmp_path / order / "var", vault_key=KEY),
            batches,
        )
        for order, batches in {
            "in_order": [in_order],
            "shuffled": [shuffled[i::3] for i in range(3)],
        }.items()
    )

    assert len(expected) >= 24
    assert [mart for mart in expected if found[mart] != expected[mart]] == []
