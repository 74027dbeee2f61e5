"""Mine any table: the five stages, for a file or table of the modeller's own."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from pipelines import tracking
from pipelines.any_table import assess, explore, model, modify, sample
from pipelines.any_table.assess import BEST, Assessment
from pipelines.any_table.clock import Clock
from pipelines.any_table.model import Predictions
from pipelines.any_table.report import write_html
from pipelines.any_table.request import Request
from pipelines.any_table.sample import Sample
from pipelines.plots import plot_profile
from pipelines.settings import Settings

logger = logging.getLogger(__name__)


def run(settings: Settings, request: Request) -> Path:
    """Sample, explore, modify, model and assess a table, and write what came of it.

    Parameters
    ----------
    settings : Settings
        Says where reports and MLflow's store are.
    request : Request
        Which table, what to predict, and in how much time.

    Returns
    -------
    Path
        The folder of this run, with ``report.html``, ``predictions.parquet``, and one
        Parquet file from each stage.

    Raises
    ------
    UsageError
        A file, a column or a value that was named is not there.
    DataQualityError
        The table can't be learnt from.
    """
    clock = Clock(request.budget, settings.threads)
    drawn = sample.draw(settings, request)
    run_id = tracking.start_run(settings, request.name, "mine")
    folder = settings.reports / request.name / f"{datetime.now(UTC):%Y-%m-%d}-{run_id}"
    folder.mkdir(parents=True, mode=0o750)
    try:
        _track_sample(settings, request, drawn, run_id, folder)
        columns = _explore(settings, request, drawn, run_id)
        columns = _modify(settings, request, drawn, columns, run_id)
        columns.to_parquet(folder / "columns.parquet", index=False)
        kinds = dict(zip(columns["column_name"], columns["treatment"], strict=True))
        with tracking.open_run(settings, request.name, "model", parent_id=run_id):
            predictions = model.fit(settings, request, drawn, kinds, clock)
        logger.info("%s modelled: %s", request.name, " and ".join(predictions.test))
        assessment = _assess(settings, request, drawn, predictions, run_id)
        assessment.figures.to_parquet(folder / "assessment.parquet", index=False)
        _write_predictions(drawn, assessment, folder)
        (folder / "report.html").write_text(
            write_html(request, drawn, columns, predictions, assessment),
            encoding="utf-8",
        )
    except BaseException:
        tracking.end_run(settings, run_id, "FAILED")
        raise
    tracking.end_run(settings, run_id, data_version=drawn.hash())
    return folder


def _track_sample(
    settings: Settings, request: Request, drawn: Sample, run_id: str, folder: Path
) -> None:
    """Write which rows were sampled, and in which part each is predicted."""
    part = pd.Series("train", index=drawn.keys.index)
    for number, (_, test) in enumerate(drawn.splits, start=1):
        part.iloc[test] = f"test {number}"
    drawn.keys.assign(part=part, label=drawn.label).to_parquet(
        folder / "sample.parquet", index=False
    )
    with tracking.open_run(settings, request.name, "sample", parent_id=run_id):
        tracking.log(
            parameters={
                "held_out": drawn.held_out,
                "seed": request.seed,
                "data_version": drawn.hash(),
                "query": drawn.query,
            },
            metrics=drawn.counts,
        )
    listed = ", ".join(f"{name} {count}" for name, count in drawn.counts.items())
    logger.info("%s sampled: %s; held out: %s", request.name, listed, drawn.held_out)


def _explore(
    settings: Settings, request: Request, drawn: Sample, run_id: str
) -> pd.DataFrame:
    with tracking.open_run(settings, request.name, "explore", parent_id=run_id):
        columns = explore.profile_columns(drawn, request.seed)
        suspects = columns[columns["leak"] != ""]
        tracking.log(
            metrics={"columns": len(columns), "leak_suspects": len(suspects)},
            figures={"profile": plot_profile(columns)},
        )
    logger.info("%s explored: %d columns", request.name, len(columns))
    for column in suspects.to_dict("records"):
        logger.warning(
            "%s: %s may be a leak: it %s. Drop it unless it is known when the "
            "prediction is made.",
            request.name,
            column["column_name"],
            column["leak"],
        )
    return columns


def _modify(
    settings: Settings,
    request: Request,
    drawn: Sample,
    columns: pd.DataFrame,
    run_id: str,
) -> pd.DataFrame:
    with tracking.open_run(settings, request.name, "modify", parent_id=run_id):
        treatments = modify.decide(drawn, columns, allow_leak=request.allow_leak)
        decided = [treatments[name] for name in columns["column_name"]]
        columns = columns.assign(
            treatment=[kind for kind, _ in decided],
            reason=[reason for _, reason in decided],
        )
        counts = columns["treatment"].value_counts().to_dict()
        tracking.log(metrics=counts)
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    logger.info("%s modified: %s", request.name, listed)
    return columns


def _assess(
    settings: Settings,
    request: Request,
    drawn: Sample,
    predictions: Predictions,
    run_id: str,
) -> Assessment:
    with tracking.open_run(settings, request.name, "assess", parent_id=run_id):
        assessment = assess.judge(drawn, predictions, request.metric, request.seed)
        figures = assessment.figures.set_index("candidate")
        tracking.log(
            metrics={
                f"{name}_{measure}": value
                for name, row in figures.iterrows()
                for measure, value in row.items()
            },
            figures=assessment.plots,
        )
    best = figures.loc[BEST]
    logger.info(
        "%s assessed: AUC %.4f (%.4f to %.4f), lift at 10 %% %.2f, calibration error "
        "%.4f",
        request.name,
        best["auc"],
        best["auc_low"],
        best["auc_high"],
        best["lift_at_10_percent"],
        best["calibration_error"],
    )
    return assessment


def _write_predictions(drawn: Sample, assessment: Assessment, folder: Path) -> None:
    rows = drawn.predicted
    drawn.keys.iloc[rows].assign(
        probability=assessment.probability[rows], label=drawn.label[rows]
    ).to_parquet(folder / "predictions.parquet", index=False)
