"""F18: a task killed right after its work, before Airflow knows, changes nothing.

A scheduler is killed in `tests/dags/test_servers.py`.
"""

import os
import re
import signal
import subprocess
import sys

import pytest

from pipelines.discovery.tracking.mlflow_runs import open_client
from pipelines.foundation.settings import PROJECT_ROOT, Settings
from pipelines.foundation.use_case import USE_CASES, list_names
from pipelines.foundation.warehouse import connect

DAGS = PROJECT_ROOT / "dags"
# Runs one DAG as the night does, and kills itself, as Airflow and all, once the work of
# one task is done. Without a task it runs to the end.
CHILD = """
import functools, os, signal, sys
from local_airflow import LocalSettings, describe_environment, load_dags
from local_airflow import prepare_database
from run_night import DAGS_OF_A_NIGHT, run_dag

dag_id, *task_ids = sys.argv[1:]
os.environ.update(describe_environment(LocalSettings(), log_level="ERROR"))
prepare_database()
dag = load_dags()[dag_id]
for task_id in task_ids:
    task = dag.get_task(task_id)
    @functools.wraps(task.python_callable)
    def work_and_die(*arguments, work=task.python_callable, **options):
        work(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    task.python_callable = work_and_die
problems = []
run_dag(dag, DAGS_OF_A_NIGHT[dag_id], problems)
sys.exit(len(problems))
"""
LIST = """
import os
from local_airflow import LocalSettings, describe_environment, load_dags
os.environ.update(describe_environment(LocalSettings()))
from run_night import DAGS_OF_A_NIGHT
for dag_id in DAGS_OF_A_NIGHT:
    print("task", dag_id, *load_dags()[dag_id].task_ids)
"""
MINED = [
    f"{use_case}.{stage}"
    for use_case in list_names()
    for stage in ("is_needed", "sample", "explore", "modify", "model", "assess")
]
SCORED = [
    f"{step}_{use_case}"
    for step in ("score", "explain", "monitor")
    for use_case in list_names()
]
TASKS = {
    "ingest_deliveries": [
        *("ingest", "validate_deliveries", "watch_sources", "resolve", "announce"),
    ],
    "build_marts": ["build", "validate_features"],
    "train_estimators": MINED,
    "score_customers": [*SCORED, "build_scores", "validate_scores", "publish"],
}
# All of them take half an hour, and `make soak` has it.
BY_DEFAULT = {"build", "churn.modify"}
# The tables that a DAG makes, whatever else it notes.
MADE = {
    "ingest_deliveries": r"raw\..*|ops\.(deliveries|quarantine|identity_changes)",
    "build_marts": r"marts\..*",
    "score_customers": r"marts\..*",
}
# What takes back that it ever ran.
UNDONE = {
    "build_marts": ["drop schema marts cascade", "delete from ops.builds"],
    "train_estimators": [
        f"delete from {table} where use_case = $use_case"
        for table in ("ops.promotions", "ops.challenges", "ml.mining_runs")
    ],
    "score_customers": [
        *(f"delete from {use_case.score_table}" for use_case in USE_CASES),
        "delete from ml.score_reasons",
    ],
}
# What no two runs have in common.
OF_A_RUN = re.compile(
    "(run_id|model_id|digests|details|figures|note|"
    "(loaded|decided|promoted|scored|validated|started|measured|first_seen)_at)$"
)


@pytest.fixture
def stand_before(bank, finished_night, copy_home):
    """Give a home as it was before a DAG ran."""

    def stand(dag_id, task_id):
        is_before = dag_id in {"ingest_deliveries", "build_marts"}
        settings = copy_home(bank if is_before else finished_night)
        if dag_id == "ingest_deliveries":
            for path in settings.home.iterdir():
                if path.name.startswith(("warehouse", "vault.duckdb", "ledger")):
                    path.unlink()
            return settings
        # The other use cases keep their champions: nothing is learnt for them.
        of_task = {"use_case": task_id.partition(".")[0]}
        if dag_id == "train_estimators":
            open_client(settings).delete_registered_model(of_task["use_case"])
        with connect(settings) as connection:
            for statement in UNDONE[dag_id]:
                connection.execute(statement, of_task if "$" in statement else None)
        return settings

    return stand


def run_dag(settings: Settings, dag_id: str, *task_ids: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", CHILD, dag_id, *task_ids],
        env=os.environ
        | {
            "CRM_GATE__TAIL": "0.45",
            "CRM_GATE__MARGIN": "0",
            "CRM_HOME": str(settings.home),
            "CRM_VAULT_KEY": settings.vault_key.get_secret_value(),
            "PYTHONPATH": os.pathsep.join([str(DAGS), *sys.path]),
        },
        capture_output=True,
        check=False,
    ).returncode


def look(settings: Settings, tables: str) -> dict[str, tuple]:
    """Count and hash each table of such a name, without what differs by run."""
    seen = {}
    with connect(settings, read_only=True) as connection:
        described = connection.execute(
            """
            select
                schema_name || '.' || table_name as name,
                list({'name': column_name, 'type': data_type} order by column_name)
            from duckdb_columns()
            inner join duckdb_tables() using (schema_name, table_name)
            where regexp_full_match(name, ?) group by all
            """,
            [tables],
        ).fetchall()
        for table, columns in described:
            values = ", ".join(
                # The order in which doubles are added up is anybody's.
                f"round({column['name']}, 6)"
                if column["type"] == "DOUBLE"
                else column["name"]
                for column in columns
                if not OF_A_RUN.search(column["name"])
            )
            seen[table] = connection.execute(
                f"select count(*), sum(hash({values})) from {table}"
            ).fetchone()
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dag_id", "task_id"),
    [
        (dag_id, task_id)
        for dag_id, task_ids in TASKS.items()
        for task_id in task_ids
        if task_id in BY_DEFAULT or "CRM_EVERY_TASK" in os.environ
    ],
)
def test_f18_a_dag_whose_task_was_killed_ends_as_an_undisturbed_one(
    bank, finished_night, stand_before, dag_id, task_id
):
    """By default one task of two DAGs; CRM_EVERY_TASK=1 for all."""
    settings = stand_before(dag_id, task_id)

    assert run_dag(settings, dag_id, task_id) == -signal.SIGKILL
    assert run_dag(settings, dag_id) == 0

    if dag_id == "train_estimators":
        assert list_champions(settings) == list_champions(finished_night) != []
        return
    undisturbed = bank if dag_id == "build_marts" else finished_night
    seen = look(settings, MADE[dag_id])
    expected = look(undisturbed, MADE[dag_id])
    assert len(seen) > 10
    assert seen == {name: expected[name] for name in seen}


def list_champions(settings: Settings) -> list[tuple]:
    """Which candidate of each use case became champion, and how good it is."""
    with connect(settings, read_only=True) as connection:
        return connection.execute("""
            select use_case, candidate, metric, part, as_of_date, round(value, 6)
            from ops.promotions
            inner join ops.challenges using (use_case, estimator_version)
            inner join ml.assessments using (use_case, mining_run_id, candidate)
            where decision = 'approved' and segment is null
            order by all
        """).fetchall()


def test_f18_names_every_task_of_the_night():
    listed = subprocess.run(
        [sys.executable, "-c", LIST],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(DAGS), *sys.path])},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    tasks = {
        words[1]: set(words[2:])
        for words in map(str.split, listed.splitlines())
        if words[:1] == ["task"]
    }
    # The last one of the first is red on purpose where another is, and does nothing.
    tasks["ingest_deliveries"] -= {"require_all_received"}
    assert tasks == {dag_id: set(task_ids) for dag_id, task_ids in TASKS.items()}
