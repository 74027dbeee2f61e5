"""Does `make up` start what it says, leave nothing behind, and survive a kill?"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import psutil
import pytest

from pipelines.demo import simulate
from pipelines.foundation.settings import PROJECT_ROOT
from pipelines.foundation.vault import load_key
from pipelines.foundation.warehouse import connect
from pipelines.information.ingest import run as ingest

UP = [sys.executable, str(PROJECT_ROOT / "dags" / "up.py")]
DAG_RUNS = "/api/v2/dags/ingest_deliveries/dagRuns"
# A retry waits for five minutes: a slow machine may need one.
RECOVERY_SECONDS = 600
DAG_IDS = {
    "announce_alerts",
    "build_marts",
    "ingest_deliveries",
    "mine_table",
    "score_customers",
    "train_estimators",
}


def describe_environment(settings, airflow_port, mlflow_port):
    return os.environ | {
        "CRM_HOME": str(settings.home),
        "CRM_AIRFLOW_PORT": str(airflow_port),
        "CRM_MLFLOW_PORT": str(mlflow_port),
    }


def find_free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(port, path, method="GET", **body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - to ourselves
        return answer.read().decode()


def read_banner(stdout):
    """What is shown once everything answers, or before it fails to."""
    lines = []
    for line in stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    return "".join(lines)


def wait_for_dags(port):
    """Ids of all DAGs, once the processor has read them."""
    for _ in range(120):
        dags = json.loads(ask(port, "/api/v2/dags"))["dags"]
        if len(dags) == len(DAG_IDS):
            break
        time.sleep(0.5)
    return {dag["dag_id"] for dag in dags}


def read_run_states(port):
    runs = json.loads(ask(port, DAG_RUNS))["dag_runs"]
    return {run["state"] for run in runs}


def wait_until(is_so, *, seconds):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_ingesting(settings):
    lock = settings.home / "run.lock"
    return lock.exists() and '"ingest"' in lock.read_text()


def read_deliveries(settings):
    with connect(settings, read_only=True) as connection:
        return connection.execute("""
            select delivery_id, rows_loaded, rows_hash
            from ops.deliveries where status in ('loaded', 'accepted') order by all
        """).fetchall()


@contextmanager
def start_servers(settings):
    """What `make up` starts, once it answers, and the port of Airflow."""
    port = find_free_port()
    environment = describe_environment(settings, port, find_free_port())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(UP, env=environment, text=True, **pipes) as up:
        try:
            read_banner(up.stdout)
            wait_for_dags(port)
            yield up, port
        finally:
            up.send_signal(signal.SIGINT)


def find_listeners(processes):
    return {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.slow
def test_servers_answer_on_this_machine_only_and_leave_nothing_behind(settings):
    airflow_port, mlflow_port = find_free_port(), find_free_port()
    environment = describe_environment(settings, airflow_port, mlflow_port)
    with subprocess.Popen(UP, env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            shown = read_banner(up.stdout)
            dag_ids = wait_for_dags(airflow_port)
            errors = json.loads(ask(airflow_port, "/api/v2/importErrors"))
            mlflow = ask(mlflow_port, "/health")
            servers = psutil.Process(up.pid).children(recursive=True)
            listeners = find_listeners(servers)
        finally:
            up.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(servers, timeout=5)

    assert f"http://127.0.0.1:{airflow_port}" in shown
    assert dag_ids == DAG_IDS
    assert errors["total_entries"] == 0
    assert mlflow == "OK"
    assert listeners == {"127.0.0.1"}
    assert alive == []
    assert up.returncode == 0


@pytest.mark.slow
def test_f18_a_dag_goes_on_after_its_scheduler_was_killed(settings, copy_home):
    simulate.run(settings, customers=300, months=12, seed=0)
    load_key(settings)
    undisturbed = copy_home(settings)
    ingest.run(undisturbed).raise_for_problems()

    with start_servers(settings) as (up, port):
        ask(port, "/api/v2/dags/ingest_deliveries", "PATCH", is_paused=False)
        ask(port, DAG_RUNS, "POST", logical_date=None)
        wait_until(lambda: is_ingesting(settings), seconds=60)
        (scheduler,) = (
            child
            for child in psutil.Process(up.pid).children()
            if "scheduler" in child.cmdline()
        )
        scheduler.kill()
        _, shown = up.communicate(timeout=60)
    with start_servers(settings) as (_, port):
        wait_until(
            lambda: read_run_states(port) <= {"success", "failed"},
            seconds=RECOVERY_SECONDS,
        )
        states = read_run_states(port)

    assert "airflow-scheduler ended with exit code -9" in shown
    assert states == {"success"}
    assert read_deliveries(settings) == read_deliveries(undisturbed)


def test_servers_do_not_start_on_a_port_that_is_taken(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = subprocess.run(
            UP,
            env=describe_environment(settings, port, port),
            capture_output=True,
            check=False,
            text=True,
        )

    (line,) = up.stderr.splitlines()
    assert f"Port {port} is taken, so nothing was started." in line
    assert up.returncode == 2


@pytest.mark.parametrize("script", ["up.py", "run_night.py"])
def test_a_setting_that_cannot_be_meant_is_one_line(settings, script):
    ended = subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "dags" / script)],
        env=describe_environment(settings, "many", 5000),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "CRM_AIRFLOW_PORT" in line
