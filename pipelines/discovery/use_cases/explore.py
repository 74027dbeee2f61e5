"""Explore: what each column looks like, tells of the label, and whether it drifts."""

import logging

from models.explore.exploration import explore_columns
from models.explore.profiling import rate_by_bin
from models.modify.columns import arrange
from pipelines.discovery.report.plots import plot_columns
from pipelines.discovery.runs import open_stage
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.use_cases.sample import read_dates, read_part
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

logger = logging.getLogger(__name__)
JUDGED_COLUMNS = 20  # columns, the most telling first: what says little leaks nothing


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
            train = read_part(connection, use_case, "train", has_person=True)
            test = read_part(connection, use_case, "test")
            threshold = read_drift_threshold(read_dates(connection, use_case)["test"])
        features = find_use_case(use_case).columns.features
        columns = explore_columns(
            arrange(train[features]),
            train["label"],
            arrange(test[features], like=arrange(train[features])),
            weights=(train["weight"], None),
            seed=mining_run.seed,
            group=train["person"].to_numpy(),
            judged=JUDGED_COLUMNS,
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
        suspects = columns[columns["leak"] != ""]
        tracking.log(
            metrics={
                "columns": len(columns),
                "drifted_columns": drifted,
                "leak_suspects": len(suspects),
            },
            figures=plot_columns(columns, rates, train, threshold),
        )
    telling = columns.loc[columns["auc_alone"].idxmax()]
    logger.info(
        "%s explored: %d columns, %d of them drift; %s says most alone (AUC %.3f)",
        use_case,
        len(columns),
        drifted,
        telling["column_name"],
        telling["auc_alone"],
    )
    for column in suspects.to_dict("records"):
        logger.warning(
            "%s: %s may be a leak: it %s. See what it reads, and when that was known.",
            use_case,
            column["column_name"],
            column["leak"],
        )
    return len(columns)
