"""Explore: what each column looks like, tells of the label, and whether it drifts."""

import logging

from models.profiling import profile
from pipelines import tracking
from pipelines.mining_runs import load_use_case, open_stage
from pipelines.plots import plot_profile
from pipelines.sample import read_part
from pipelines.settings import Settings
from pipelines.warehouse import connect

logger = logging.getLogger(__name__)

DRIFTED = 0.25  # the customary reading of a population stability index


def run(settings: Settings, use_case: str) -> int:
    """Write ``ml.<use_case>_profile``, one row per column of the sample.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        ``"churn"`` or ``"cross_sell"``.

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
        features = load_use_case(use_case).FEATURES
        columns = profile(
            train[features], train["label"], train["weight"], test[features]
        )
        with connect(settings) as connection:
            connection.register("columns", columns)
            connection.execute(
                f"create or replace table ml.{use_case}_profile as from columns"
            )
        drifted = int((columns["drift_psi"] > DRIFTED).sum())
        tracking.log(
            metrics={"columns": len(columns), "drifted_columns": drifted},
            figures={"profile": plot_profile(columns)},
        )
    logger.info(
        "%s explored: %d columns, %d of them drift", use_case, len(columns), drifted
    )
    return len(columns)
