"""F18: a scheduler that is killed in the middle of a task changes nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from pipelines import ingest, simulate
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.warehouse import connect

UP = [sys.executable, str(PROJECT_ROOT / "dags" / "up.py")]
DAG_RUNS = "/api/v2/dags/ingest_deliveries/dagRuns"
RECOVERY_SECONDS = 240


def find_free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Airflow:
    """What `make up` starts, on ports of its own."""

    def __init__(self, settings):
        self.port = find_free_port()
        environment = {
            "CRM_HOME": str(settings.home),
            "CRM_VAULT_KEY": settings.vault_key.get_secret_value(),
            "CRM_AIRFLOW_PORT": str(self.port),
            "CRM_MLFLOW_PORT": str(find_free_port()),
        }
        self.up = subprocess.Popen(
            UP,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        for line in self.up.stdout:
            if "Ctrl-C" in line:
                break
        return self

    def __exit__(self, *_):
        self.up.send_signal(signal.SIGINT)
        self.up.communicate(timeout=60)

    def ask(self, path, method="GET", **body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - to ourselves
            return json.loads(answer.read())

    def begin(self):
        """Switch the DAG on, and trigger it."""
        wait_until(
            lambda: (
                "ingest_deliveries"
                in {dag["dag_id"] for dag in self.ask("/api/v2/dags")["dags"]}
            ),
            seconds=60,
        )
        self.ask("/api/v2/dags/ingest_deliveries", "PATCH", is_paused=False)
        self.ask(DAG_RUNS, "POST", logical_date=None)

    def read_states(self):
        return {run["state"] for run in self.ask(DAG_RUNS)["dag_runs"]}

    def kill_scheduler(self):
        (scheduler,) = (
            child
            for child in psutil.Process(self.up.pid).children()
            if "scheduler" in child.cmdline()
        )
        scheduler.kill()


def wait_until(is_so, *, seconds):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read_ledger(settings):
    with connect(settings, read_only=True) as connection:
        return connection.execute("""
            select delivery_id, status, rows_loaded, rows_hash
            from ops.deliveries order by all
        """).fetchall()


def is_ingesting(settings):
    lock = settings.home / "run.lock"
    return lock.exists() and '"ingest"' in lock.read_text()


@pytest.mark.slow
def test_a_dag_goes_on_after_its_scheduler_was_killed(tmp_path, copy_home):
    settings = Settings(home=tmp_path / "var", vault_key="0" * 64)
    simulate.run(settings, customers=300, months=12, seed=0)
    undisturbed = copy_home(settings)
    ingest.run(undisturbed).raise_for_problems()

    with Airflow(settings) as airflow:
        airflow.begin()
        wait_until(lambda: is_ingesting(settings), seconds=60)
        airflow.kill_scheduler()
        _, shown = airflow.up.communicate(timeout=60)
    with Airflow(settings) as airflow:
        wait_until(
            lambda: airflow.read_states() <= {"success", "failed"},
            seconds=RECOVERY_SECONDS,
        )
        states = airflow.read_states()

    assert "airflow-scheduler ended with exit code -9" in shown
    assert states == {"success"}
    assert read_ledger(settings) == [
        (delivery_id, "accepted", *rest)
        for delivery_id, _, *rest in read_ledger(undisturbed)
    ]
