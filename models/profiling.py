"""What a column looks like, what it says of the label, and whether it drifts."""

import numpy as np
import pandas as pd

from models.drift import bin_together, measure_drift

QUANTILES = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}


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


def _profile_column(train, label, weight, test):
    is_text = not pd.api.types.is_numeric_dtype(train)
    bins_train, bins_test, bin_count = bin_together(train, test)
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
