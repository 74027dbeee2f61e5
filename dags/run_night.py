"""Run the night through the DAGs, in this one process: what `make run` does."""

import logging
import os
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime

from local_airflow import (
    LocalSettings,
    describe_environment,
    load_dags,
    prepare_database,
)

from pipelines.errors import PipelineError
from pipelines.logs import configure_logging
from pipelines.summary import print_summary
from pipelines.warehouse import run_lock

logger = logging.getLogger("pipelines.run_night")

# In the order that assets and the calendar would start them, but for the estimators:
# they come before the scores, because the first night has no champion yet.
NIGHT = {
    "ingest_deliveries": {},
    "build_marts": {},
    "train_estimators": {"only_missing": True},
    "score_customers": {},
}


def main() -> int:
    """Run the night, print its summary, and return the exit code."""
    settings, started_at = LocalSettings(), datetime.now(UTC).replace(tzinfo=None)
    problems = []
    configure_logging(settings)
    os.environ.update(describe_environment(settings, log_level="WARNING"))
    settings.airflow_logs.mkdir(parents=True, exist_ok=True, mode=0o750)
    log = settings.airflow_logs / "night.log"
    try:
        # Airflow logs to what is stdout when it is imported, until the process ends: so
        # the file stays open.
        with redirect_stdout(log.open("a", encoding="utf-8")):
            run_night(settings, problems)
        print_summary(settings, since=started_at)
    except PipelineError as error:
        problems.append(error)
    for problem in problems:
        if isinstance(problem, PipelineError):
            logger.error("%s", problem)
        else:
            logger.error(
                "%s, which nobody foresaw: see %s.", type(problem).__name__, log
            )
    # The last one is what stopped the night, if anything did.
    return getattr(problems[-1], "exit_code", 1) if problems else 0


def run_night(settings: LocalSettings, problems: list[BaseException]) -> None:
    """Run the DAGs one after the other, as far as each has announced what it makes.

    Parameters
    ----------
    settings : LocalSettings
        Where state is.
    problems : list of BaseException
        Why tasks failed is added here.
    """
    with run_lock(settings, "night"):
        prepare_database()
        configure_logging(settings)  # again: importing Airflow has undone it
        dags = load_dags()
        for dag_id, conf in NIGHT.items():
            if not run_dag(dags[dag_id], conf, problems):
                break


def run_dag(dag, conf: dict, problems: list[BaseException]) -> bool:
    """Run one DAG to its end, without retries, and add why its tasks failed.

    Returns
    -------
    bool
        Whether it announced every asset that it makes, so that the next DAG has a
        reason to run.
    """
    failures = []
    for task in dag.tasks:
        # Somebody sits and waits: better to say at once what is wrong.
        task.retries = 0
        task.on_failure_callback = [
            lambda context: failures.append(context["exception"])
        ]
    run = dag.test(run_conf=conf)
    if run.state != "success" and not failures:
        failures.append(RuntimeError(f"{dag.dag_id} failed outside of its tasks"))
    problems += failures
    return all(
        run.get_task_instance(task.task_id).state == "success"
        for task in dag.tasks
        if task.outlets
    )


if __name__ == "__main__":
    sys.exit(main())
