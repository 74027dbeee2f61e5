"""Model: fit the candidates on the training part, calibrate them on the tuning part."""

import json
import logging

from models.explain.attributions import remember_average
from models.model.candidates import calibrate
from pipelines.analysis.build import dbt_code_version
from pipelines.discovery.runs import MiningRun, open_stage
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import Artifact
from pipelines.discovery.use_cases.modify import read_treatments
from pipelines.discovery.use_cases.sample import read_part
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)


def run(settings: Settings, use_case: str) -> int:
    """Fit, calibrate and log every candidate, and list them in ``ml.candidates``.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    int
        Candidates fitted; 0 where mining was skipped.
    """
    definition = find_use_case(use_case)
    columns = definition.columns
    with open_stage(settings, use_case, "model") as mining_run:
        if mining_run is None:
            return 0
        with connect(settings) as connection:
            treatments = read_treatments(connection, use_case)
            train = read_part(connection, use_case, "train")
            tune = read_part(connection, use_case, "tune")
        versions = {
            "seed": mining_run.seed,
            "data_version": mining_run.data_version,
            "dbt_version": dbt_code_version(),
        }
        artifacts = {}
        estimators = definition.build_estimators(
            treatments, random_state=mining_run.seed
        )
        for name, estimator in estimators.items():
            with tracking.open_run(settings, use_case, name):
                # Without weights: a sample thinned by label ranks the same, and the
                # tuning part, which is not, sets the probabilities right.
                estimator.fit(train[columns.features], train["label"])
                remember_average(estimator, train[columns.features])
                calibrated = calibrate(estimator, tune[columns.features], tune["label"])
                tracking.log(
                    parameters=versions | estimator.named_steps["classify"].get_params()
                )
                artifacts[name] = tracking.log_estimator(
                    settings,
                    use_case,
                    calibrated,
                    categorical=columns.categorical,
                    numeric=columns.numeric,
                )
        _write_candidates(settings, mining_run, artifacts)
    logger.info(
        "%s modelled: %s, on %d rows", use_case, " and ".join(artifacts), len(train)
    )
    return len(artifacts)


def read_candidates(settings: Settings, mining_run: MiningRun) -> dict[str, Artifact]:
    """Read which estimators a run has fitted, the simplest first."""
    with connect(settings) as connection:
        rows = connection.execute(
            """
            select candidate, run_id, model_id, digests
            from ml.candidates
            where mining_run_id = ?
            order by complexity
            """,
            [mining_run.mining_run_id],
        ).fetchall()
    return {
        name: Artifact(run_id, model_id, json.loads(digests))
        for name, run_id, model_id, digests in rows
    }


def _write_candidates(
    settings: Settings, mining_run: MiningRun, artifacts: dict[str, Artifact]
) -> None:
    with connect(settings) as connection:
        connection.begin()
        connection.execute(
            "delete from ml.candidates where mining_run_id = ?",
            [mining_run.mining_run_id],
        )
        for complexity, (name, artifact) in enumerate(artifacts.items()):
            connection.execute(
                "insert into ml.candidates values (?, ?, ?, ?, ?, ?, ?)",
                [
                    mining_run.use_case,
                    mining_run.mining_run_id,
                    name,
                    complexity,
                    artifact.run_id,
                    artifact.model_id,
                    json.dumps(artifact.digests, sort_keys=True),
                ],
            )
        connection.commit()
