"""What a column looks like, what it says of the label, and whether it drifts."""

import numpy as np
import pandas as pd

QUANTILES = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
BIN_COUNT = 10


def profile(train, label, weight, test):
    """Profile every column of a frame.

    Parameters
    ----------
    train : DataFrame of shape (n_rows, n_columns)
        Numeric or text columns, values may be missing.
    label : Series of shape (n_rows,)
        0 or 1.
    weight : Series of shape (n_rows,)
        For how many rows of the population each speaks.
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
        {"column_name": name}
        | _profile_column(train[name], label.to_numpy(), weight.to_numpy(), test[name])
        for name in train.columns
    ]
    return pd.DataFrame(rows)


def measure_drift(before, after):
    """Measure the population stability index between the bins of two samples.

    Below 0.1 is usually read as stable and above 0.25 as shifted.

    Parameters
    ----------
    before, after : ndarray of shape (n_bins,)
        Rows in each bin.

    Returns
    -------
    float

    Examples
    --------
    >>> round(measure_drift(np.array([50, 50]), np.array([500, 500])), 2)
    0.0
    >>> round(measure_drift(np.array([50, 50]), np.array([90, 10])), 2)
    0.85
    """
    # Half a row more in each bin, so that an empty one does not weigh infinitely.
    before, after = before + 0.5, after + 0.5
    before, after = before / before.sum(), after / after.sum()
    return float(np.sum((before - after) * np.log(before / after)))


def _profile_column(train, label, weight, test):
    is_text = not pd.api.types.is_numeric_dtype(train)
    bins_train, bins_test = (
        _bin_by_level(train, test) if is_text else _bin_by_quantile(train, test)
    )
    bin_count = 1 + max(bins_train.max(), bins_test.max())
    rows = np.bincount(bins_train, weight, minlength=bin_count)
    positives = np.bincount(bins_train, weight * label, minlength=bin_count)
    is_missing = train.isna().to_numpy()
    values = np.array([]) if is_text else train.to_numpy()[~is_missing]
    return {
        "kind": "text" if is_text else "number",
        "missing_share": float(np.average(is_missing, weights=weight)),
        "distinct_count": int(train.nunique()),
        **_describe(values, weight[~is_missing][: len(values)]),
        "label_rate_where_missing": _average(label[is_missing], weight[is_missing]),
        "information_value": measure_drift(positives, rows - positives),
        "drift_psi": measure_drift(rows, np.bincount(bins_test, minlength=bin_count)),
    }


def _describe(values, weight):
    """Mean, skewness and quantiles; missing where there are no values."""
    if len(values) == 0:
        return dict.fromkeys(["mean", "skewness", *QUANTILES], np.nan)
    mean = np.average(values, weights=weight)
    spread = np.sqrt(np.average((values - mean) ** 2, weights=weight))
    standard = (values - mean) / (spread or 1)
    quantiles = np.quantile(
        values, list(QUANTILES.values()), weights=weight, method="inverted_cdf"
    )
    return {
        "mean": float(mean),
        "skewness": float(np.average(standard**3, weights=weight)),
        **dict(zip(QUANTILES, quantiles.tolist(), strict=True)),
    }


def _average(values, weight):
    return float(np.average(values, weights=weight)) if len(values) else np.nan


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
