"""Modify: what to do to each column, decided from its profile."""

import logging
from collections import Counter

import duckdb
import pandas as pd

from models.modify.treatments import decide_treatment
from pipelines.discovery.runs import open_stage
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)


def run(settings: Settings, use_case: str) -> int:
    """Write ``ml.<use_case>_treatments``: column, treatment and reason.

    Nothing is changed here. The treatments are fitted inside the estimators, so that
    scoring repeats them exactly.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    int
        Columns kept; 0 where mining was skipped.
    """
    with open_stage(settings, use_case, "modify") as mining_run:
        if mining_run is None:
            return 0
        with connect(settings) as connection:
            columns = connection.execute(f"from ml.{use_case}_profile").df()
            rows = [
                (column["column_name"], *decide_treatment(column))
                for column in columns.to_dict("records")
            ]
            treatments = pd.DataFrame(
                rows, columns=["column_name", "treatment", "reason"]
            )
            connection.register("treatments", treatments)
            connection.execute(
                f"create or replace table ml.{use_case}_treatments as from treatments"
            )
        counts = Counter(treatment for _, treatment, _ in rows)
        tracking.log(
            parameters={name: f"{treatment}: {why}" for name, treatment, why in rows},
            metrics=counts,
        )
    listed = ", ".join(f"{treatment} {n}" for treatment, n in sorted(counts.items()))
    logger.info("%s modified: %s", use_case, listed)
    return len(rows) - counts["drop"]


def read_treatments(
    connection: duckdb.DuckDBPyConnection, use_case: str
) -> dict[str, str]:
    """Read the treatment of each column, in the order of the use case's features."""
    return dict(
        connection.execute(
            f"select column_name, treatment from ml.{use_case}_treatments"
        ).fetchall()
    )
