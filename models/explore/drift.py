"""Has a column moved since it was learnt from?"""

import numpy as np
import pandas as pd

BIN_COUNT = 10


def measure_column_drift(before, after, weight=None):
    """Measure the population stability index of a column.

    Parameters
    ----------
    before : Series of shape (n_rows_before,)
        Numbers or texts, values may be missing. Its deciles, or its levels, are the
        bins.
    after : Series of shape (n_rows_after,)
    weight : Series of shape (n_rows_before,), optional
        For how many rows each of ``before`` speaks.

    Returns
    -------
    float
        See :func:`measure_drift`. A missing value counts as a value of its own.

    Examples
    --------
    >>> before = pd.Series([1.0, 2.0, 3.0, np.nan] * 50)
    >>> round(measure_column_drift(before, before[:100]), 2)
    0.0
    >>> round(measure_column_drift(before, before.fillna(9.0)), 1)
    2.3
    """
    bins_before, bins_after, bin_count = bin_together(before, after)
    return measure_drift(
        np.bincount(bins_before, weight, minlength=bin_count),
        np.bincount(bins_after, minlength=bin_count),
    )


def measure_drift(before, after):
    """Measure the population stability index between the bins of two samples.

    It is 0 where the same share of rows lies in each bin, and has no upper end.

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


def bin_together(before, after):
    """Put the rows of two samples of a column into the same bins.

    Returns
    -------
    tuple of ndarray, ndarray and int
        Bin of each row of ``before`` and of ``after``, and the number of bins.
    """
    is_text = not pd.api.types.is_numeric_dtype(before)
    bin_rows = _bin_by_level if is_text else _bin_by_quantile
    bins_before, bins_after = bin_rows(before, after)
    return bins_before, bins_after, 1 + max(bins_before.max(), bins_after.max())


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
