"""The record of mining runs, where each stage finds the work of the one before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, run_lock

STAGES = ("sample", "explore", "modify", "model", "assess")
SKIPPED = "skipped"


@dataclass(frozen=True)
class MiningRun:
    """One run through the five stages.

    Attributes
    ----------
    use_case : str
        Name of one of ``USE_CASES``.
    mining_run_id : str
        The parent run's id in MLflow. Where there was too little to learn from, no run
        there has it.
    seed : int
        Of whatever is random.
    data_version : str
        Hash of the sampled rows and their features.
    status : str
        The last stage that ended well; or ``"skipped"``; after assess ``"promoted"``,
        ``"waiting"`` (for a person), ``"kept"`` (the champion stays) or ``"refused"``
        (no good at all).
    note : str
        Why, in a sentence.
    """

    use_case: str
    mining_run_id: str
    seed: int
    data_version: str
    status: str
    note: str = ""


def add(connection: duckdb.DuckDBPyConnection, run: MiningRun) -> None:
    """Record a new run."""
    connection.execute(
        """
        insert into ml.mining_runs by name
        select
            $use_case as use_case, $mining_run_id as mining_run_id,
            $started_at as started_at, $seed as seed, $data_version as data_version,
            $status as status, $note as note
        """,
        vars(run) | {"started_at": datetime.now(UTC).replace(tzinfo=None)},
    )


def mark(settings: Settings, run: MiningRun, status: str, note: str = "") -> None:
    """Record how far a run has come."""
    with connect(settings) as connection:
        connection.execute(
            "update ml.mining_runs set status = ?, note = ? where mining_run_id = ?",
            [status, note, run.mining_run_id],
        )


@contextmanager
def open_stage(
    settings: Settings, use_case: str, stage: str
) -> Iterator[MiningRun | None]:
    """Go on with the latest run: track a stage in MLflow, and record that it went well.

    A stage that fails leaves the run where it was, so that the stage can be repeated.

    Yields
    ------
    MiningRun or None
        None where the latest run was skipped, so that nothing is left to do.

    Raises
    ------
    UsageError
        The stage before has not ended well yet.
    """
    with run_lock(settings, stage):
        run = find_latest(settings, use_case)
        if run and run.status == SKIPPED:
            yield None
            return
        _require(run, use_case, before=stage)
        try:
            with tracking.open_run(
                settings, use_case, stage, parent_id=run.mining_run_id
            ):
                yield run
        except Exception:
            tracking.end_run(settings, run.mining_run_id, "FAILED")
            raise
        mark(settings, run, stage)


def find_latest(settings: Settings, use_case: str) -> MiningRun | None:
    """Find the latest run of a use case, whatever came of it."""
    with connect(settings) as connection:
        row = connection.execute(
            """
            select use_case, mining_run_id, seed, data_version, status, note
            from ml.mining_runs
            where use_case = ?
            order by started_at desc
            limit 1
            """,
            [use_case],
        ).fetchone()
    return MiningRun(*row) if row else None


def _require(run: MiningRun | None, use_case: str, *, before: str) -> None:
    needed = STAGES[STAGES.index(before) - 1]
    # Whatever is no stage is a verdict, which comes after all of them.
    done = (
        STAGES[: STAGES.index(run.status) + 1] if run and run.status in STAGES else ()
    )
    if run is None or (run.status in STAGES and needed not in done):
        msg = (
            f"The stage {needed} of {use_case} has not ended well yet, so {before} has "
            f"nothing to go on with. Run `crm {needed} {use_case}` first."
        )
        raise UsageError(msg)
