"""Start Airflow and MLflow on this machine, and stop them together: `make up`."""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

from local_airflow import HOST, LocalSettings, describe_environment, prepare_database
from pipelines.foundation.errors import PipelineError, UsageError
from pipelines.foundation.logs import configure_logging, log_to_screen
from pipelines.foundation.modes import keep_private, make_folder
from pipelines.foundation.settings import check_environment

logger = logging.getLogger("pipelines.up")

Servers = dict[str, subprocess.Popen]

START_SECONDS = 180
STOP_SECONDS = 20
BANNER = """
Airflow  http://{host}:{airflow_port}
MLflow   http://{host}:{mlflow_port}
Marts    {database}
         {python} -c "import duckdb; duckdb.connect('{database}', read_only=True).sql('show tables').show()"

Nobody is asked to log in: both listen on {host} only, and anyone who can log in to this
machine can use them. DAGs are paused until you switch them on. Ctrl-C stops everything.

"""  # noqa: E501 - a command to copy is one line


def main() -> int:
    """Run the servers until somebody stops them, or one of them ends by itself."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    log_to_screen()
    keep_private()
    try:
        settings = check_environment(LocalSettings)
        configure_logging(settings)
        with run_servers(settings) as servers:
            wait_until_open(settings, servers)
            sys.stdout.write(describe(settings))
            sys.stdout.flush()
            while True:
                require_alive(settings, servers)
                time.sleep(1)
    except KeyboardInterrupt:
        return 0
    except PipelineError as error:
        problem = error
    logger.error("%s", problem)
    return problem.exit_code


@contextmanager
def run_servers(settings: LocalSettings) -> Iterator[Servers]:
    """Start the servers, each in a process group of its own, and end them all.

    Raises
    ------
    UsageError
        A port is taken.
    """
    for port in (settings.airflow_port, settings.mlflow_port):
        if is_open(port):
            msg = (
                f"Port {port} is taken, so nothing was started. Stop what listens "
                "there, or set CRM_AIRFLOW_PORT or CRM_MLFLOW_PORT."
            )
            raise UsageError(msg)
    # Signs what Airflow's processes tell each other: new at every start, never on disk.
    secret = {"AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32)}
    os.environ.update(describe_environment(settings) | secret)
    servers = {}
    try:
        make_folder(settings.logs)
        log = (settings.logs / "airflow.log").open("a", encoding="utf-8")
        with log, redirect_stdout(log):
            prepare_database()
        for name, command in list_commands(settings).items():
            servers[name] = start(settings, name, command)
        yield servers
    finally:
        stop(servers)


def list_commands(settings: LocalSettings) -> dict[str, list[str]]:
    """List what to run, by the name of its log file."""
    return {
        "airflow-api-server": ["airflow", "api-server"],
        # It would serve logs to every network; the API server reads them from disk.
        "airflow-scheduler": ["airflow", "scheduler", "--skip-serve-logs"],
        "airflow-dag-processor": ["airflow", "dag-processor"],
        "mlflow": [
            *("mlflow", "server", "--workers", "1"),
            *("--host", HOST, "--port", str(settings.mlflow_port)),
            *("--backend-store-uri", settings.tracking_uri),
            *("--default-artifact-root", settings.artifacts.resolve().as_uri()),
        ],
    }


def start(settings: LocalSettings, name: str, command: list[str]) -> subprocess.Popen:
    """Start one server; what it says goes to its log."""
    with (settings.logs / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the words are ours
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_open(settings: LocalSettings, servers: Servers) -> None:
    """Return once both ports answer.

    Raises
    ------
    PipelineError
        They do not in time, or a server ended.
    """
    ports = {settings.airflow_port, settings.mlflow_port}
    deadline = time.monotonic() + START_SECONDS
    while not all(is_open(port) for port in ports):
        require_alive(settings, servers)
        if time.monotonic() > deadline:
            msg = (
                f"Ports {sorted(ports)} did not answer in {START_SECONDS} s, so "
                f"everything was stopped again. See the logs in {settings.logs}."
            )
            raise PipelineError(msg)
        time.sleep(0.5)


def require_alive(settings: LocalSettings, servers: Servers) -> None:
    """Make sure that every server still runs.

    Raises
    ------
    PipelineError
        One has ended. Names it.
    """
    for name, server in servers.items():
        if server.poll() is not None:
            msg = (
                f"{name} ended with exit code {server.returncode}, so everything was "
                f"stopped. See {settings.logs / name}.log."
            )
            raise PipelineError(msg)


def stop(servers: Servers) -> None:
    """End the servers and whatever they have started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for server in servers.values():
            with suppress(ProcessLookupError):
                os.killpg(server.pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        for server in servers.values():
            with suppress(subprocess.TimeoutExpired):
                server.wait(max(0.0, deadline - time.monotonic()))


def is_open(port: int) -> bool:
    """Whether something on this machine listens on a port."""
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0


def describe(settings: LocalSettings) -> str:
    """Say where everything is."""
    return BANNER.format(
        host=HOST,
        airflow_port=settings.airflow_port,
        mlflow_port=settings.mlflow_port,
        python=sys.executable,
        database=settings.published.resolve() / "current" / "marts.duckdb",
    )


if __name__ == "__main__":
    sys.exit(main())
