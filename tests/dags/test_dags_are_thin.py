"""Do the DAGs load, stay thin, and stay out of each other's way?"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.discovery.any_table.request import Request
from pipelines.foundation.settings import PROJECT_ROOT

DAGS = PROJECT_ROOT / "dags"
DAG_IDS = [
    "announce_alerts",
    "build_marts",
    "ingest_deliveries",
    "mine_table",
    "score_customers",
    "train_estimators",
]
HEAVY = {"dbt", "duckdb", "great_expectations", "mlflow", "numpy", "pandas", "sklearn"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """What Airflow makes of the folder, see ``describe_dags.py``."""
    home = tmp_path_factory.mktemp("airflow")
    loading = subprocess.run(
        [sys.executable, Path(__file__).with_name("describe_dags.py"), DAGS],
        env=os.environ | {"CRM_HOME": str(home)},
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(loading.stdout)


def find_tasks():
    """Every function with a ``@task`` decorator, by name."""
    return {
        function.name: function
        for dag_id in DAG_IDS
        for function in ast.walk(ast.parse((DAGS / f"{dag_id}.py").read_text()))
        if isinstance(function, ast.FunctionDef)
        and any(
            node.id == "task"
            for decorator in function.decorator_list
            for node in ast.walk(decorator)
            if isinstance(node, ast.Name)
        )
    }


def test_every_dag_loads(loaded):
    assert loaded["import_errors"] == {}
    assert sorted(loaded["dags"]) == DAG_IDS


def test_loading_imports_nothing_heavy(loaded):
    assert HEAVY.intersection(loaded["modules"]) == set()


def test_every_task_waits_for_the_one_slot(loaded):
    assert {
        task["pool"]
        for dag in loaded["dags"].values()
        for task in dag["tasks"].values()
    } == {"warehouse"}


def test_a_dag_never_runs_beside_itself_and_never_catches_up(loaded):
    assert {
        (dag["max_active_runs"], dag["catchup"]) for dag in loaded["dags"].values()
    } == {(1, False)}


def test_a_table_is_mined_in_the_time_that_crm_mine_takes(loaded):
    assert loaded["dags"]["mine_table"]["params"]["budget"] == Request.budget


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_tells_the_person_on_call_what_to_know(loaded, dag_id):
    (_, title, *_), *bullets = (
        part.split() for part in loaded["dags"][dag_id]["doc_md"].split("\n- **")
    )

    assert title.lower() == dag_id.split("_")[0]
    assert [bullet[0] for bullet in bullets] == ["Runs**", "Rerunning**", "If"]


def test_assets_are_announced_last(loaded):
    announcing = {
        (dag_id, task_id, asset)
        for dag_id, dag in loaded["dags"].items()
        for task_id, task in dag["tasks"].items()
        for asset in task["announces"]
    }

    assert announcing == {
        ("ingest_deliveries", "announce", "accepted_deliveries"),
        ("build_marts", "validate_features", "customer_features"),
        ("score_customers", "publish", "published_marts"),
        ("announce_alerts", "announce", "estimator_alerts"),
    }
    assert [
        (dag_id, task_id)
        for dag_id, task_id, _ in announcing
        for task in loaded["dags"][dag_id]["tasks"].values()
        if task_id in task["after"]
    ] == []


@pytest.mark.parametrize("task", find_tasks().values(), ids=list(find_tasks()))
def test_a_task_is_one_import_and_one_call(task):
    if ast.get_docstring(task):
        assert task.body[1:] == []
        return
    imported, call = task.body
    (name,) = imported.names
    calls = [
        node.func.id
        for node in ast.walk(call)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]

    assert imported.module.startswith("pipelines.")
    assert isinstance(call, ast.Expr | ast.Return)
    assert sorted(calls) == sorted(["Settings", name.name])


def test_the_page_for_the_person_on_call_lists_every_dag():
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert [dag_id for dag_id in DAG_IDS if f"`{dag_id}`" not in page] == []
