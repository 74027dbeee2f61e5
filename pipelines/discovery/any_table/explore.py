"""Explore: what each column looks like, tells of the target, and whether it leaks."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.explore.leaks import find_suspects, measure_alone
from models.explore.profiling import profile, rate_by_bin
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
        As :func:`models.explore.profiling.profile`, with ``auc_alone`` and ``leak``
        (why a column is suspect, else empty).
    """
    X = sample.X.iloc[sample.train].reset_index(drop=True)
    label = sample.label[sample.train]
    # Drift is between rows as they are in the source, not as they were thinned out.
    test = sample.splits[0][1]
    weight, test_weight = (
        pd.Series(sample.weight[rows]) for rows in (sample.train, test)
    )
    columns = profile(X, pd.Series(label), weight, sample.X.iloc[test], test_weight)
    varied = [name for name in X if len(X[name].unique()) > 1]
    group = sample.group_of(sample.train)
    alone = measure_alone(X[varied], label, seed, group)
    suspects = find_suspects(X[varied], label, alone, seed, group)
    names = columns["column_name"]
    columns["auc_alone"] = names.map(alone).astype(float)
    columns["leak"] = [suspects.get(name, "") for name in names]
    return columns.replace({np.inf: np.nan, -np.inf: np.nan})


def plot(sample: Sample, columns: pd.DataFrame) -> dict[str, Figure]:
    """Draw what each column tells of the target, and which columns say the same."""
    X = sample.X.iloc[sample.train].reset_index(drop=True)
    label = pd.Series(sample.label[sample.train])
    weight = pd.Series(sample.weight[sample.train])
    rates = rate_by_bin(X, label, weight)
    return plot_columns(columns, rates, X, read_drift_threshold())
