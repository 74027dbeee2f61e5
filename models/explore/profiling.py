"""What a column looks like, what it says of the label, and whether it drifts."""

import numpy as np
import pandas as pd

from models.explore.drift import BIN_COUNT, bin_together, measure_drift

MOST_BINS = BIN_COUNT + 2  # deciles, their ends, and what is missing
MOST_ROWS = 20_000  # more hardly sharpen a correlation
QUANTILES = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}


def profile(train, label, weight, test, test_weight=None):
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
    test_weight : Series, optional
        As ``weight``, of ``test``.

    Returns
    -------
    DataFrame of shape (n_columns, 14)
        One row per column of ``train``. Quantiles, mean and skewness are of the values
        that are there, and missing for text. ``information_value`` and ``drift_psi``
        count a missing value as a value of its own.
    """
    rows = [
        {"column_name": name}
        | _profile_column(
            train[name], label.to_numpy(), weight.to_numpy(), test[name], test_weight
        )
        for name in train.columns
    ]
    return pd.DataFrame(rows)


def rate_by_bin(train, label, weight):
    """Measure how common positives are in each bin of every column.

    Parameters
    ----------
    train, label, weight
        As for :func:`profile`.

    Returns
    -------
    DataFrame of shape (n_bins, 5)
        ``column_name``, ``bin`` (from 0 on: of numbers the lowest first, of texts the
        commonest), ``is_missing``, ``row_share`` and ``label_rate``. A column has at
        most ``MOST_BINS``: rarer texts share the last.

    Examples
    --------
    >>> column = pd.DataFrame({"age": [20.0, 20.0, 60.0, np.nan]})
    >>> label, weight = pd.Series([0, 1, 1, 0]), pd.Series(np.ones(4))
    >>> rate_by_bin(column, label, weight)[["row_share", "label_rate"]].to_numpy()
    array([[0.5 , 0.5 ],
           [0.25, 1.  ],
           [0.25, 0.  ]])
    """
    rates = [
        _rate_column(train[name], label.to_numpy(), weight.to_numpy()).assign(
            column_name=name
        )
        for name in train.columns
    ]
    columns = ["column_name", "bin", "is_missing", "row_share", "label_rate"]
    return pd.concat(rates, ignore_index=True)[columns]


def associate(train):
    """Measure how alike columns of numbers rank the rows.

    Parameters
    ----------
    train : DataFrame of shape (n_rows, n_columns)
        Texts are left out.

    Returns
    -------
    DataFrame of shape (n_numeric_columns, n_numeric_columns)
        Spearman's rank correlation over the rows where both are known; missing for a
        column that does not vary.
    """
    numbers = train.select_dtypes("number").astype(float)
    return numbers.iloc[:: 1 + len(numbers) // MOST_ROWS].corr("spearman")


def _rate_column(column, label, weight):
    bins, _, _ = bin_together(column, column)
    is_missing = column.isna().to_numpy()
    if not pd.api.types.is_numeric_dtype(column):
        share = np.bincount(bins, weight * ~is_missing)
        place = np.empty(len(share), dtype=int)
        place[np.argsort(-share, kind="stable")] = np.arange(len(share))
        bins = np.minimum(place[bins], MOST_BINS - 2)
    bins = np.where(is_missing, MOST_BINS, bins)
    rows, positives = np.bincount(bins, weight), np.bincount(bins, weight * label)
    found = np.flatnonzero(rows)
    return pd.DataFrame(
        {
            "bin": np.arange(len(found)),
            "is_missing": found == MOST_BINS,
            "row_share": rows[found] / rows.sum(),
            "label_rate": positives[found] / rows[found],
        }
    )


def _profile_column(train, label, weight, test, test_weight):
    is_text = not pd.api.types.is_numeric_dtype(train)
    bins_train, bins_test, bin_count = bin_together(train, test)
    rows = np.bincount(bins_train, weight, minlength=bin_count)
    positives = np.bincount(bins_train, weight * label, minlength=bin_count)
    is_missing = train.isna().to_numpy()
    values = np.array([]) if is_text else train.to_numpy()[~is_missing]
    rows_test = np.bincount(bins_test, test_weight, minlength=bin_count)
    return {
        "kind": "text" if is_text else "number",
        "missing_share": float(np.average(is_missing, weights=weight)),
        "distinct_count": int(train.nunique()),
        **_describe(values, weight[~is_missing][: len(values)]),
        "label_rate_where_missing": _average(label[is_missing], weight[is_missing]),
        "information_value": measure_drift(positives, rows - positives),
        "drift_psi": measure_drift(rows, rows_test),
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
