"""Explore: what each column looks like, tells of the target, and whether it leaks."""

import pandas as pd
from matplotlib.figure import Figure

from models.explore.exploration import explore_columns
from models.explore.profiling import rate_by_bin
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.report.plots import plot_columns
from pipelines.foundation.parameters import read_drift_threshold


def profile_columns(sample: Sample, seed: int) -> pd.DataFrame:
    """Profile every column of the training part.

    Parameters
    ----------
    sample : Sample
        As :func:`sample.draw` gives it.
    seed : int
        Of the folds in which a column is judged alone.

    Returns
    -------
    DataFrame of shape (n_columns, 16)
        As :func:`models.explore.exploration.explore_columns`.
    """
    rows, test = sample.train, sample.splits[0][1]
    # Drift is between rows as they are in the source, not as they were thinned out.
    weights = tuple(pd.Series(sample.weight[part]) for part in (rows, test))
    return explore_columns(
        sample.X.iloc[rows].reset_index(drop=True),
        pd.Series(sample.label[rows]),
        sample.X.iloc[test],
        weights=weights,
        seed=seed,
        group=sample.group_of(rows),
    )


def plot(sample: Sample, columns: pd.DataFrame) -> dict[str, Figure]:
    """Draw what each column tells of the target, and which columns say the same."""
    X = sample.X.iloc[sample.train].reset_index(drop=True)
    label = pd.Series(sample.label[sample.train])
    weight = pd.Series(sample.weight[sample.train])
    rates = rate_by_bin(X, label, weight)
    return plot_columns(columns, rates, X, read_drift_threshold())
