"""Mine any table: the five stages, for a file or table of the modeller's own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from pipelines.discovery.any_table import assess, explore, kept, model, modify
from pipelines.discovery.any_table.assess import BEST, Assessment
from pipelines.discovery.any_table.bugs import hold_back_values
from pipelines.discovery.any_table.card import write_card
from pipelines.discovery.any_table.folder import COLUMNS_FILE, SAMPLE, Folder
from pipelines.discovery.any_table.page import HOW_TO_WRITE, write_html
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.champion.registry import register
from pipelines.discovery.report.parts import MEASURES
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.settings import Settings

CARD_FILE = "card.md"

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
        The folder of this run, with ``report.html``, ``predictions.parquet``, the card
        of what is kept for `crm predict`, and what each stage left.

    Raises
    ------
    UsageError
        A file, a column or a value that was named is not there.
    DataQualityError
        The table can't be learnt from.
    """
    with hold_back_values():
        folder = begin(settings, request)
        for stage in RUN_STAGE.values():
            stage(folder)
    return folder.path


def begin(settings: Settings, request: Request) -> Folder:
    """Sample: begin a run, and write which rows are in which part."""
    with hold_back_values():
        folder = Folder.begin(settings, request)
    with hold_back_values(), _open_stage(folder, "sample"):
        drawn = folder.drawn
        part = pd.Series("train", index=drawn.keys.index)
        for number, (_, test) in enumerate(drawn.splits, start=1):
            part.iloc[test] = f"test {number}"
        folder.write(SAMPLE, drawn.keys.assign(part=part, label=drawn.label))
        tracking.log(
            parameters={
                "held_out": drawn.held_out,
                "predicted": f"{request.target} = {drawn.positive}",
                "seed": request.seed,
                "data_version": folder.data_version,
                "query": drawn.query,
            },
            metrics=drawn.counts,
        )
    listed = ", ".join(f"{name} {count}" for name, count in drawn.counts.items())
    logger.info(
        "%s sampled: %s; held out: %s; predicted: %s = %s",
        request.name,
        listed,
        drawn.held_out,
        request.target,
        drawn.positive,
    )
    if drawn.copies:
        logger.warning(
            "%s: %d of %d rows repeat another one to the letter; equal rows are never "
            "on both sides of a split.",
            request.name,
            drawn.copies,
            drawn.counts["labelled"],
        )
    for name, reason in drawn.left_as_text.items():
        logger.warning(
            "%s: %s was left as text: %s. %s",
            request.name,
            name,
            reason,
            HOW_TO_WRITE,
        )
    for name, count in drawn.strays.items():
        logger.warning(
            "%s: %s is text but read as numbers, since nearly all of it are; its %d "
            "other values count as missing. Correct them, or drop the column.",
            request.name,
            name,
            count,
        )
    return folder


def begin_named(settings: Settings, asked: dict[str, object]) -> Folder:
    """Begin a run from what is asked for by the names of a ``Request``."""
    asked = asked | {"drop": tuple(asked.get("drop") or ())}
    return begin(settings, Request(**asked))


def run_stage(settings: Settings, stage: str, path: Path | str) -> Path:
    """Run one of the stages that follow the sample; repeating one is safe.

    Raises
    ------
    UsageError
        No run is there, or the stage before has not ended well.
    DataQualityError
        The table is no longer what was sampled, or can't be learnt from.
    """
    with hold_back_values():
        folder = Folder(settings, Path(path))
        RUN_STAGE[stage](folder)
    return folder.path


def _explore(folder: Folder) -> None:
    request = folder.request
    with _open_stage(folder, "explore"):
        columns = explore.profile_columns(folder.drawn, request.seed)
        folder.write(COLUMNS_FILE, columns)
        suspects = columns[columns["leak"] != ""]
        tracking.log(
            metrics={"columns": len(columns), "leak_suspects": len(suspects)},
            figures=explore.plot(folder.drawn, columns),
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


def _modify(folder: Folder) -> None:
    request, columns = folder.request, folder.read_columns(after="explore")
    with _open_stage(folder, "modify"):
        treatments = modify.decide(folder.drawn, columns, allow_leak=request.allow_leak)
        decided = [treatments[name] for name in columns["column_name"]]
        columns = columns.assign(
            treatment=[kind for kind, _ in decided],
            reason=[reason for _, reason in decided],
        )
        folder.write(COLUMNS_FILE, columns)
        counts = columns["treatment"].value_counts().to_dict()
        tracking.log(metrics=counts)
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    logger.info("%s modified: %s", request.name, listed)


def _model(folder: Folder) -> None:
    request, columns = folder.request, folder.read_columns(after="modify")
    kinds = dict(zip(columns["column_name"], columns["treatment"], strict=True))
    with _open_stage(folder, "model"):
        predictions, winner = model.fit(
            folder.settings,
            request,
            folder.drawn,
            kinds,
            modify.find_most_telling(columns),
            folder.clock,
        )
        folder.write_predictions(predictions)
        kept.write(
            folder.path,
            kept.keep(folder.settings, request.name, folder.drawn, kinds, winner),
        )
    logger.info("%s modelled: %s", request.name, " and ".join(predictions.test))


def _assess(folder: Folder) -> None:
    request, columns = folder.request, folder.read_columns(after="modify")
    predictions = folder.read_predictions()
    with _open_stage(folder, "assess"):
        drawn = folder.drawn
        assessment = assess.judge(drawn, predictions, request.metric, request.seed)
        figures = assessment.figures.set_index(["candidate", "metric"])
        best = figures.loc[BEST]
        tracking.log(
            metrics=_choose(best)
            | {"auc_low": best.loc["auc", "low"], "auc_high": best.loc["auc", "high"]},
            figures=assessment.plots,
        )
        for name, run_id in predictions.runs.items():
            tracking.log_later(folder.settings, run_id, _choose(figures.loc[name]))
        folder.write("assessment.parquet", assessment.figures)
        _write_predictions(drawn, assessment, folder.path)
        page = write_html(request, drawn, columns, predictions, assessment)
        (folder.path / "report.html").write_text(page, encoding="utf-8")
        held = kept.read(folder.path)
        card = write_card(request, drawn, columns, held, assessment)
        (folder.path / CARD_FILE).write_text(card, encoding="utf-8")
        tracking.log(texts={CARD_FILE: card})
        register(folder.settings, request.name, held.artifact)
    tracking.end_run(folder.settings, folder.run_id, data_version=folder.data_version)
    logger.info(
        "%s assessed: AUC %.4f (%.4f to %.4f), lift at capacity %.2f, calibration "
        "error %.4f",
        request.name,
        *best.loc["auc", ["value", "low", "high"]],
        best.loc["lift_at_capacity", "value"],
        best.loc["calibration_error", "value"],
    )


def _choose(figures: pd.DataFrame) -> dict[str, float]:
    """Leave out what only a table tells, in a list of runs side by side."""
    return {
        name: figures.loc[name, "value"] for name in MEASURES if name in figures.index
    }


RUN_STAGE = {
    "explore": _explore,
    "modify": _modify,
    "model": _model,
    "assess": _assess,
}


@contextmanager
def _open_stage(folder: Folder, stage: str) -> Iterator[None]:
    """Track a stage; one that fails leaves the run where it was, to be repeated."""
    try:
        with tracking.open_run(
            folder.settings, folder.request.name, stage, parent_id=folder.run_id
        ):
            yield
    except BaseException:
        tracking.end_run(folder.settings, folder.run_id, "FAILED")
        raise


def _write_predictions(drawn: Sample, assessment: Assessment, folder: Path) -> None:
    rows = drawn.predicted
    drawn.keys.iloc[rows].assign(
        probability=assessment.probability[rows],
        label=drawn.label[rows],
        weight=drawn.weight[rows],
    ).to_parquet(folder / "predictions.parquet", index=False)
