"""Run the night through the DAGs, in this one process: what `make run` does."""

import logging
import os
import sys
import warnings
from contextlib import redirect_stdout
from datetime import UTC, datetime

from local_airflow import (
    NOISY,
    LocalSettings,
    describe_environment,
    load_dags,
    prepare_database,
)
from pipelines.analysis.build import read_ahead
from pipelines.foundation.errors import PipelineError, UsageError
from pipelines.foundation.logs import configure_logging, log_to_screen
from pipelines.foundation.modes import keep_private, make_folder
from pipelines.foundation.settings import check_environment
from pipelines.foundation.warehouse import run_lock
from pipelines.status import print_summary

logger = logging.getLogger("pipelines.run_night")

# In the order that assets and the calendar would start them, but for the estimators:
# they come before the scores, because the first night has no champion yet.
DAGS_OF_A_NIGHT = {
    "ingest_deliveries": {},
    "build_marts": {},
    "train_estimators": {"only_missing": True},
    "score_customers": {},
}
OUR_PACKAGES = ("pipelines", "models", "expectations")


def main() -> int:
    """Run the night, print its summary, and return the exit code."""
    log_to_screen()
    try:
        settings = check_environment(LocalSettings)
    except UsageError as error:
        logger.error("%s", error)  # noqa: TRY400 - it says what to do; no trace needed
        return error.exit_code
    started_at = datetime.now(UTC).replace(tzinfo=None)
    problems, is_over = [], False
    keep_private()
    configure_logging(settings)
    os.environ.update(describe_environment(settings, log_level="WARNING"))
    warnings.filterwarnings("ignore", module=NOISY)
    make_folder(settings.airflow_logs)
    log = settings.airflow_logs / "night.log"
    try:
        # Airflow logs to what is stdout when it is imported, until the process ends: so
        # the file stays open.
        with redirect_stdout(log.open("a", encoding="utf-8")):
            is_over = run_night(settings, problems)
        print_summary(settings, since=started_at)
    except PipelineError as error:
        problems.append(error)
    except KeyboardInterrupt:
        logger.warning("The night was stopped by hand. BI reads the version before.")
        return 130
    for problem in problems:
        if isinstance(problem, PipelineError):
            logger.error("%s", problem)
        else:
            logger.error(
                "%s, which is unexpected: see %s.", type(problem).__name__, log
            )
    if not problems:
        return 0
    # What stopped the night comes last. If nothing did, the first is as good as any.
    return getattr(problems[0 if is_over else -1], "exit_code", 1)


def run_night(settings: LocalSettings, problems: list[BaseException]) -> bool:
    """Run the DAGs one after the other, as far as each has announced what it makes.

    Parameters
    ----------
    settings : LocalSettings
        Where state is.
    problems : list of BaseException
        Why tasks failed is added here.

    Returns
    -------
    bool
        Whether it came to its end, whatever went wrong on the way.
    """
    with run_lock(settings, "night"):
        wait_for_dbt = read_ahead(settings)
        prepare_database()
        share_logging(settings)
        dags = load_dags()
        for dag_id, conf in DAGS_OF_A_NIGHT.items():
            if dag_id == "build_marts":
                wait_for_dbt()
            if not run_dag(dags[dag_id], conf, problems):
                return False
    return True


def share_logging(settings: LocalSettings) -> None:
    """Send our lines where `crm` sends them, and leave all others to Airflow's log.

    Importing Airflow has made its own handlers the root's.
    """
    root = logging.getLogger()
    theirs = list(root.handlers)
    configure_logging(settings)
    for name in OUR_PACKAGES:
        ours = logging.getLogger(name)
        ours.handlers, ours.propagate = list(root.handlers), False
    root.handlers = theirs


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
    for failure in failures:
        # To Airflow, Ctrl-C is one more task that failed.
        if isinstance(failure, KeyboardInterrupt):
            raise failure
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
