"""Assess: how good each candidate is on rows it has not seen, and how sure that is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.assess.resampling import Contacts, resample, summarise
from models.assess.verdict import TableFindings, write_table_verdict
from pipelines.discovery.any_table.choice import BEST_COLUMN, SCORECARD, choose
from pipelines.discovery.any_table.model import Predictions
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.report.plots import (
    plot_calibration,
    plot_gains,
    plot_precision_recall,
    plot_roc,
)
from pipelines.foundation.parameters import read_contact_capacity

BEST = "best"


@dataclass(frozen=True)
class Assessment:
    """What came of it.

    Attributes
    ----------
    figures : DataFrame
        One row per candidate and metric: ``candidate``, ``metric``, ``value``, and the
        ends of its 95 % interval, ``low`` and ``high``. The last candidate, ``"best"``,
        is whatever was chosen in each part.
    chosen : list of str
        The best candidate of each training part.
    answers : dict of str to tuple of bool and str
        As :func:`models.assess.verdict.write_table_verdict` gives it.
    probability : ndarray of shape (n_rows,)
        Of what was chosen, by position in the sample; NaN where it is not predicted.
    plots : dict of str to Figure
    out_of_fold : bool
        Whether the figures are of the training part, because the labels of the rows
        predicted are not known, or all the same.
    """

    figures: pd.DataFrame
    chosen: list[str]
    answers: dict[str, tuple[bool, str]]
    probability: np.ndarray
    plots: dict[str, Figure]
    out_of_fold: bool


def judge(
    sample: Sample, predictions: Predictions, metric: str, seed: int
) -> Assessment:
    """Choose the best candidate in each training part, and judge all where it was not.

    Parameters
    ----------
    sample : Sample
        As :func:`sample.draw` gives it.
    predictions : Predictions
        As :func:`model.fit` gives it.
    metric : str
        What the best is chosen by: one of ``METRICS``. The choice sees training parts
        only.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Assessment
    """
    chosen = [
        choose(tuned, sample.label[train], sample.weight[train], metric)
        for tuned, (train, _) in zip(predictions.tune, sample.splits, strict=True)
    ]
    probability = np.full(len(sample.X), np.nan)
    for name, (_, test) in zip(chosen, sample.splits, strict=True):
        probability[test] = predictions.test[name][test]
    label = sample.label
    rows = sample.predicted[~np.isnan(label[sample.predicted])]
    out_of_fold = len(np.unique(label[rows])) < 2  # noqa: PLR2004 - both are needed
    if out_of_fold:
        rows = sample.splits[0][0]
        judged = predictions.tune[0] | {BEST: predictions.tune[0][chosen[0]]}
    else:
        judged = predictions.test | {BEST: probability}
        judged = {name: values[rows] for name, values in judged.items()}
    label, weight = label[rows].astype(int), sample.weight[rows].astype(float)
    drawn = resample(
        label,
        judged,
        _number_units(sample, rows),
        Contacts(read_contact_capacity()),
        weight=weight,
        random_state=seed,
    )
    figures = pd.DataFrame(
        [
            (name, measure, *summarise(values))
            for name, metrics in drawn.items()
            for measure, values in metrics.items()
        ],
        columns=["candidate", "metric", "value", "low", "high"],
    )
    return Assessment(
        figures=figures,
        chosen=chosen,
        answers=write_table_verdict(_find(drawn, np.average(label, weights=weight))),
        probability=probability,
        plots=_plot(label, judged, weight),
        out_of_fold=out_of_fold,
    )


def _number_units(sample: Sample, rows: np.ndarray) -> np.ndarray:
    """Give a number to what is drawn as one: a row, or a group where there are any."""
    group = sample.group_of(rows)
    if group is None:
        return np.arange(len(rows))
    return np.unique(group, return_inverse=True)[1]


def _find(drawn: dict[str, dict[str, np.ndarray]], base_rate: float) -> TableFindings:
    best, rule, scorecard = (drawn[name] for name in (BEST, BEST_COLUMN, SCORECARD))
    return TableFindings(
        calibration_error=summarise(best["calibration_error"]),
        over_rule=summarise(best["auc"] - rule["auc"]),
        over_scorecard=summarise(best["auc"] - scorecard["auc"]),
        lift=summarise(best["lift_at_capacity"]),
        precision=summarise(best["precision_at_capacity"]),
        precision_over_rule=summarise(
            best["precision_at_capacity"] - rule["precision_at_capacity"]
        ),
        base_rate=float(base_rate),
    )


def _plot(
    label: np.ndarray, judged: dict[str, np.ndarray], weight: np.ndarray
) -> dict[str, Figure]:
    # Three curves can be told apart: what was chosen, what people can read, and one
    # column alone.
    shown = {name: judged[name] for name in (BEST, SCORECARD, BEST_COLUMN)}
    return {
        "gains": plot_gains(label, shown, weight),
        "calibration": plot_calibration(label, shown, weight),
        "roc": plot_roc(label, shown, weight),
        "precision_recall": plot_precision_recall(label, shown, weight),
    }
