"""Does a night through the DAGs end as it should?"""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys

import duckdb
import pytest

from pipelines.decision.publish import run as publish
from pipelines.foundation.settings import PROJECT_ROOT

DAGS = PROJECT_ROOT / "dags"
STAGES = ("sample", "explore", "modify", "model", "assess")
NOT_LEARNT_AGAIN = {
    *(f"train_estimators.churn.{stage}" for stage in STAGES),
    *(f"train_estimators.cross_sell.{stage}" for stage in STAGES),
    # Its outcomes take half a year, and this bank is too young for them.
    *(f"train_estimators.growth.{stage}" for stage in STAGES[1:]),
}
MINE_TABLE = """
import os, sys
from local_airflow import LocalSettings, describe_environment, load_dags
from local_airflow import prepare_database
from run_night import run_dag

os.environ.update(describe_environment(LocalSettings(), log_level="ERROR"))
prepare_database()
problems = []
conf = {"source": sys.argv[1], "target": "left", "positive": "yes", "budget": 5}
conf |= {"group_column": None}
run_dag(load_dags()["mine_table"], conf, problems)
sys.exit(len(problems))
"""


def run_night(settings):
    return subprocess.run(
        [sys.executable, DAGS / "run_night.py"],
        env=os.environ
        | {
            # The tests' bank is too small to prove by how much an estimator is better.
            "CRM_GATE__TAIL": "0.45",
            "CRM_GATE__MARGIN": "0",
            "CRM_HOME": str(settings.home),
            "CRM_VAULT_KEY": settings.vault_key.get_secret_value(),
        },
        capture_output=True,
        check=False,
        text=True,
    )


def read_states(settings):
    """The last run's state of each DAG, and of each of its tasks."""
    with contextlib.closing(
        sqlite3.connect(settings.home / "airflow" / "airflow.db")
    ) as database:
        return dict(
            database.execute("""
                select dag_id, state from dag_run order by start_date
            """).fetchall()
        ), dict(
            database.execute("""
                select task_instance.dag_id || '.' || task_id, task_instance.state
                from task_instance inner join dag_run using (run_id)
                order by dag_run.start_date
            """).fetchall()
        )


@pytest.fixture(scope="module")
def nights(finished_night, copy_home):
    """Two nights: one with a delivery that was cut off, one after it was taken back.

    The bank has champions, and nothing is published yet: how champions come to be
    through a DAG is in `tests/faults/test_killed_tasks.py`.
    """
    settings = copy_home(finished_night)
    # Made in this process, which is as open as whoever runs the tests.
    shutil.rmtree(settings.published)
    subprocess.run(["chmod", "-R", "go-rwx", settings.home], check=True)
    last = sorted(settings.landing.glob("atm/*"))[-1]
    broken = last.with_name(f"{last.name}.2")
    shutil.copytree(last, broken)
    manifest = json.loads((broken / "manifest.json").read_text())
    (broken / "manifest.json").write_text(json.dumps(manifest | {"sequence": 2}))
    data = broken / manifest["files"][0]["name"]
    data.write_bytes(data.read_bytes()[:-1])
    first, version = run_night(settings), publish.find_current(settings)
    states = read_states(settings)
    shutil.rmtree(broken)
    second = run_night(settings)
    return settings, (first, version, states), second


@pytest.mark.slow
def test_a_night_goes_on_without_a_delivery_that_is_refused(nights):
    _, (night, version, (dags, tasks)), _ = nights

    assert night.returncode == 3, night.stderr
    assert "atm/" in night.stderr.splitlines()[-1]
    assert version is not None
    assert dags == {
        "ingest_deliveries": "failed",
        "build_marts": "success",
        "train_estimators": "success",
        "score_customers": "success",
    }
    assert {task for task, state in tasks.items() if state != "success"} == {
        "ingest_deliveries.ingest",
        "ingest_deliveries.require_all_received",
        *NOT_LEARNT_AGAIN,
    }


@pytest.mark.slow
def test_the_same_night_again_learns_nothing_and_publishes_nothing(nights):
    settings, (_, version, _), night = nights

    dags, tasks = read_states(settings)
    assert night.returncode == 0, night.stderr
    assert set(dags.values()) == {"success"}
    assert publish.find_current(settings) == version
    skipped = {task for task, state in tasks.items() if state != "success"}
    assert skipped == NOT_LEARNT_AGAIN


@pytest.mark.slow
def test_the_night_says_one_line_for_each_step(nights):
    _, _, night = nights

    lines = night.stderr.splitlines()
    assert 5 <= len(lines) <= 20, night.stderr
    assert [line for line in lines if "pipelines" in line or "Traceback" in line] == []


@pytest.mark.slow
def test_a_night_lets_others_read_what_is_published_and_nothing_else(nights, list_open):
    settings, _, _ = nights

    assert list_open(settings.home) == []
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o710
    version = settings.published.resolve() / (settings.published / "current").readlink()
    for path in (settings.published, version, version / "marts.duckdb"):
        assert path.stat().st_mode & 0o007 == 0
        assert path.stat().st_mode & 0o040 == 0o040


@pytest.mark.slow
def test_a_table_is_mined_when_somebody_triggers_it(settings, tmp_path, list_open):
    source = tmp_path / "clients.csv"
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select
                    i as number, hash(i) % 50 as visits, hash(i, 1) % 900 as balance,
                    if(hash(i, 2) % 60 > visits, 'yes', 'no') as left
                from range(600) as numbers (i)
            ) to '{source}' (header true)
        """)

    mined = subprocess.run(
        [sys.executable, "-c", MINE_TABLE, source],
        env=os.environ | {"CRM_HOME": str(settings.home), "PYTHONPATH": str(DAGS)},
        capture_output=True,
        check=False,
        text=True,
    )

    _, tasks = read_states(settings)
    assert mined.returncode == 0, mined.stderr[-2000:]
    assert tasks == dict.fromkeys(
        (f"mine_table.{stage}" for stage in STAGES),
        "success",
    )
    (folder,) = (settings.home / "reports").glob("*clients*/*")
    assert {"report.html", "predictions.parquet"} <= {f.name for f in folder.iterdir()}
    # Airflow's own state apart, for here no command has started the tasks.
    ours = {path for path in list_open(settings.home) if "airflow" not in path}
    assert ours == set()
