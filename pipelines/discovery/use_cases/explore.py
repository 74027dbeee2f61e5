"""Explore: what each column looks like, tells of the label, and whether it drifts."""

import logging

from models.explore.profiling import profile, rate_by_bin
from pipelines.discovery.report.plots import plot_columns
from pipelines.discovery.runs import open_stage
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.use_cases.sample import read_dates, read_part
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)


def run(settings: Settings, use_case: str) -> int:
    """Write ``ml.<use_case>_profile`` and ``ml.<use_case>_rates`` of the sample.

    The one has a row per column, the other one per column and bin.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    int
        Columns profiled; 0 where mining was skipped.
    """
    with open_stage(settings, use_case, "explore") as mining_run:
        if mining_run is None:
            return 0
        with connect(settings) as connection:
            train = read_part(connection, use_case, "train")
            test = read_part(connection, use_case, "test")
            threshold = read_drift_threshold(read_dates(connection, use_case)["test"])
        features = find_use_case(use_case).module.FEATURES
        columns = profile(
            train[features], train["label"], train["weight"], test[features]
        )
        rates = rate_by_bin(train[features], train["label"], train["weight"])
        with connect(settings) as connection:
            for name, table in (("profile", columns), ("rates", rates)):
                connection.register("explored", table)
                connection.execute(
                    f"create or replace table ml.{use_case}_{name} as from explored"
                )
                connection.unregister("explored")
        drifted = int((columns["drift_psi"] > threshold).sum())
        tracking.log(
            metrics={"columns": len(columns), "drifted_columns": drifted},
            figures=plot_columns(columns, rates, train, threshold),
        )
    logger.info(
        "%s explored: %d columns, %d of them drift", use_case, len(columns), drifted
    )
    return len(columns)
