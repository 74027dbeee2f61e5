"""Airflow on one machine, with all of its state under ``CRM_HOME``.

Airflow reads its settings from the environment while it is imported. They are set here
and nowhere else, and this module imports it only inside functions.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipelines.foundation.settings import PROJECT_ROOT, Settings

DAGS = PROJECT_ROOT / "dags"
HOST = "127.0.0.1"
NOISY = "skops.io._utils"

Port = Annotated[int, Field(ge=1, le=65535)]


class LocalSettings(Settings):
    """Settings of an installation that runs its own servers."""

    airflow_port: Annotated[Port, Field(description="Port of Airflow's UI.")] = 8080
    mlflow_port: Annotated[Port, Field(description="Port of MLflow's UI.")] = 5000

    @property
    def airflow_home(self) -> Path:
        """Airflow's database, configuration and logs."""
        return self.home.resolve() / "airflow"

    @property
    def airflow_logs(self) -> Path:
        """What Airflow itself has to say."""
        return self.airflow_home / "logs"


def describe_environment(
    settings: LocalSettings, *, log_level: str = "INFO"
) -> dict[str, str]:
    """Say in environment variables how Airflow and its tasks shall run.

    Parameters
    ----------
    settings : LocalSettings
        Where state is, and which ports to use.
    log_level : str, default="INFO"
        From which level on Airflow logs.
    """
    url = f"http://{HOST}:{settings.airflow_port}"
    return {
        "CRM_HOME": str(settings.home.resolve()),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # The pool has one slot: more workers would only wait, and take memory.
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Nobody but this machine can reach the port, so a login would guard nothing.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        # Both follow the port, or every task fails to report back.
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.airflow_logs),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": log_level,
        # It would open the logs of tasks to the group, whatever the umask.
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # After a crash, tasks begin again half a minute later, and not after five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        # A busy API server's first answers take longer than the default of 5 s; a task
        # that gave up on them would begin again only after its retry delay.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "10",
        # skops looks for a name in every module there is, and thousands of times some
        # module of Airflow warns that the name has moved.
        "PYTHONWARNINGS": f"ignore:::{NOISY}",
        "DO_NOT_TRACK": "true",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Else the tracking server keeps workers for jobs that nobody sends.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def prepare_database() -> None:
    """Create Airflow's database or bring it up to date, and create the pool.

    Call it once the environment is set.
    """
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    from dag_contract import POOL

    initdb()
    Pool.create_or_update_pool(
        POOL, slots=1, description="DuckDB has one writer.", include_deferred=False
    )


def load_dags() -> dict:
    """Load every DAG of this folder.

    Returns
    -------
    dict of str to DAG
        By ``dag_id``.

    Raises
    ------
    ImportError
        A DAG file can't be loaded. Names the files.
    """
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    if bag.import_errors:
        msg = f"DAG files with errors: {bag.import_errors}"
        raise ImportError(msg)
    return bag.dags
