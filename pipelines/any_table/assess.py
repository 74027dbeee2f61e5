"""Assess: how good each candidate is on rows it has not seen, and how sure that is."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from models.assessment import measure
from pipelines.any_table.model import Predictions
from pipelines.any_table.sample import Sample
from pipelines.plots import (
    plot_calibration,
    plot_gains,
    plot_precision_recall,
    plot_roc,
)

RESAMPLES = 100
BEST = "best"
# The higher, the better.
MEASURES = {
    "auc": roc_auc_score,
    "average_precision": average_precision_score,
    "brier": lambda *of, **weighted: -brier_score_loss(*of, **weighted),
}


@dataclass(frozen=True)
class Assessment:
    """What came of it.

    Attributes
    ----------
    figures : DataFrame
        One row per candidate: ``candidate``, ``chosen_in`` (training parts in which it
        was the best), and its measures, for AUC with the ends of a 95 % interval.
        The last, ``"best"``, is whatever was chosen in each part.
    probability : ndarray of shape (n_rows,)
        Of what was chosen, by position in the sample; NaN where it is not predicted.
    plots : dict of str to Figure
    out_of_fold : bool
        Whether the figures are of the training part, because the labels of the rows
        predicted are not known, or all the same.
    """

    figures: pd.DataFrame
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
        What the best is chosen by: one of ``MEASURES``. The choice sees training parts
        only.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Assessment
    """
    chosen = [
        _choose(tuned, sample.label[train], sample.weight[train], metric)
        for tuned, (train, _) in zip(predictions.tune, sample.splits, strict=True)
    ]
    probability = np.full(len(sample.X), np.nan)
    for name, (_, test) in zip(chosen, sample.splits, strict=True):
        probability[test] = predictions.test[name][test]
    judged = {**predictions.test, BEST: probability}
    label = sample.label
    rows = sample.predicted[~np.isnan(label[sample.predicted])]
    out_of_fold = len(np.unique(label[rows])) < 2  # noqa: PLR2004 - both are needed
    if out_of_fold:
        rows = sample.splits[0][0]
        tuned = predictions.tune[0]
        judged = {name: _spread(tuned[name], rows, len(label)) for name in tuned}
        judged[BEST] = judged[chosen[0]]
    label = label[rows].astype(int)
    judged = {name: values[rows] for name, values in judged.items()}
    times = {name: chosen.count(name) for name in judged} | {BEST: len(chosen)}
    # A row that speaks for several counts as often, but is drawn as one: an AUC does
    # not depend on how common a label is, and how sure it is on rows that were read.
    each = np.repeat(np.arange(len(rows)), sample.weight[rows])
    figures = pd.DataFrame(
        [
            {"candidate": name, "chosen_in": times[name]}
            | measure(label[each], values[each])
            | _bootstrap_auc(label, values, seed)
            for name, values in judged.items()
        ]
    )
    repeated = {name: values[each] for name, values in judged.items()}
    return Assessment(figures, probability, _plot(label[each], repeated), out_of_fold)


def _choose(
    tuned: dict[str, np.ndarray], label: np.ndarray, weight: np.ndarray, metric: str
) -> str:
    measure_one = partial(MEASURES[metric], label, sample_weight=weight)
    return max(tuned, key=lambda name: measure_one(tuned[name]))


def _spread(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    spread = np.full(count, np.nan)
    spread[rows] = values
    return spread


def _bootstrap_auc(
    label: np.ndarray, probability: np.ndarray, seed: int
) -> dict[str, float]:
    """Draw rows again and again: between which ends do 95 % of the AUCs lie?

    Rows are sorted once. A draw is how often each of them came, which is a weight.
    """
    random, count = np.random.default_rng(seed), len(label)
    ranks = np.unique(probability, return_inverse=True)[1]
    drawn = []
    for _ in range(RESAMPLES):
        weight = np.bincount(random.integers(0, count, count), minlength=count)
        positives = np.bincount(ranks, weights=weight * label)
        negatives = np.bincount(ranks, weights=weight * (1 - label))
        below = negatives.cumsum() - negatives / 2
        pairs = positives.sum() * negatives.sum()
        drawn.append((positives * below).sum() / pairs if pairs else np.nan)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return {"auc_low": float(low), "auc_high": float(high)}


def _plot(label: np.ndarray, judged: dict[str, np.ndarray]) -> dict[str, Figure]:
    # Three curves can be told apart: what was chosen, and the two easiest to read.
    names = (BEST, "scorecard", "naive_bayes")
    shown = {name: judged[name] for name in names if name in judged}
    return {
        "gains": plot_gains(label, shown),
        "calibration": plot_calibration(label, shown),
        "roc": plot_roc(label, shown),
        "precision_recall": plot_precision_recall(label, shown),
    }
