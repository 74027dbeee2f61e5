"""What a column looks like, what it says of the label, and whether it drifts."""

import numpy as np
import pandas as pd

QUANTILES = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
BIN_COUNT = 10


def profile(train, label, test):
    """Profile every column of a frame.

    Parameters
    ----------
    train : DataFrame of shape (n_rows, n_columns)
        Numeric or text columns, values may be missing.
    label : Series of shape (n_rows,)
        0 or 1.
    test : DataFrame with the columns of ``train``
        Where drift is measured.

    Returns
    -------
    DataFrame of shape (n_columns, 14)
        One row per column of ``train``. Quantiles, mean and skewness are of the values
        that are there, and missing for text. ``information_value`` and ``drift_psi``
        count a missing value as a value of its own.
    """
    rows = [
        {"column_name": name, **_profile_column(train[name], label, test[name])}
        for name in train.columns
    ]
    return pd.DataFrame(rows)


def measure_drift(before, after):
    """Measure the population stability index between the bins of two samples.

    Below 0.1 is usually read as stable and above 0.25 as shifted.

    Parameters
    ----------
    before, after : ndarray of shape (n_rows,)
        Bin of each row, not negative.

    Returns
    -------
    float

    Examples
    --------
    >>> stays, moves = np.array([0, 1] * 50), np.array([0] * 90 + [1] * 10)
    >>> round(measure_drift(stays, stays), 2), round(measure_drift(stays, moves), 2)
    (0.0, 0.85)
    """
    count = 1 + max(before.max(), after.max())
    return _divergence(
        np.bincount(before, minlength=count), np.bincount(after, minlength=count)
    )


def _profile_column(train, label, test):
    is_text = not pd.api.types.is_numeric_dtype(train)
    bins_train, bins_test = (
        _bin_by_level(train, test) if is_text else _bin_by_quantile(train, test)
    )
    positives = np.bincount(bins_train, weights=label)
    negatives = np.bincount(bins_train) - positives
    numbers = pd.Series(dtype=float) if is_text else train.dropna()
    return {
        "kind": "text" if is_text else "number",
        "missing_share": float(train.isna().mean()),
        "distinct_count": int(train.nunique()),
        "mean": float(numbers.mean()),
        "skewness": float(numbers.skew()),
        **{name: float(numbers.quantile(share)) for name, share in QUANTILES.items()},
        "label_rate_where_missing": float(label[train.isna()].mean()),
        "information_value": _divergence(positives, negatives),
        "drift_psi": measure_drift(bins_train, bins_test),
    }


def _bin_by_quantile(train, test):
    """Bins by deciles of the training part; a missing value has the last bin."""
    edges = np.unique(train.quantile(np.linspace(0, 1, BIN_COUNT + 1)[1:-1]).dropna())
    return [
        np.where(
            values.isna(), len(edges) + 1, np.searchsorted(edges, values, side="left")
        )
        for values in (train, test)
    ]


def _bin_by_level(train, test):
    """One bin per text; whatever training did not show, and missing, have the last."""
    levels = pd.Index(train.dropna().unique())
    bins = (levels.get_indexer(values) for values in (train, test))
    return [np.where(codes < 0, len(levels), codes) for codes in bins]


def _divergence(first, second):
    # Half a row is added to each bin, so that an empty one does not weigh infinitely.
    first, second = first + 0.5, second + 0.5
    first, second = first / first.sum(), second / second.sum()
    return float(np.sum((first - second) * np.log(first / second)))
