"""Does `make up` start what it says, where it says, and leave nothing behind?"""

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

from pipelines.settings import PROJECT_ROOT

UP = [sys.executable, str(PROJECT_ROOT / "dags" / "up.py")]
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


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
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
