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


def keep_bins(before, weight=None):
    """Keep of a column what its drift is measured from, in plain numbers and texts.

    Parameters
    ----------
    before : Series of shape (n_rows,)
        Numbers or texts, values may be missing.
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks.

    Returns
    -------
    dict
        ``edges`` of numbers or ``levels`` of texts, and ``rows``, how many lay in each
        bin; see :func:`count_bins`.

    Examples
    --------
    >>> keep_bins(pd.Series(["red", "green", "red"]))
    {'levels': ['red', 'green'], 'rows': [2.0, 1.0, 0.0]}
    """
    if pd.api.types.is_numeric_dtype(before):
        kept = {"edges": _find_edges(before).tolist()}
    else:
        kept = {"levels": before.dropna().unique().tolist()}
    rows = np.bincount(place(kept, before), weight, minlength=count_bins(kept))
    return kept | {"rows": rows.astype(float).tolist()}


def count_bins(kept):
    """Count the bins: the last is for missing numbers, or for texts not seen before."""
    return len(kept["edges"]) + 2 if "edges" in kept else len(kept["levels"]) + 1


def place(kept, values):
    """Give the bin of each row, of what :func:`keep_bins` has kept."""
    if "edges" in kept:
        return _place_by_edge(np.array(kept["edges"]), values)
    return _place_by_level(pd.Index(kept["levels"], dtype=object), values)


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
    edges = _find_edges(train)
    return [_place_by_edge(edges, values) for values in (train, test)]


def _bin_by_level(train, test):
    """One bin per text; whatever training did not show, and missing, have the last."""
    levels = pd.Index(train.dropna().unique())
    return [_place_by_level(levels, values) for values in (train, test)]


def _find_edges(values):
    return np.unique(values.quantile(np.linspace(0, 1, BIN_COUNT + 1)[1:-1]).dropna())


def _place_by_edge(edges, values):
    bins = np.searchsorted(edges, values, side="left")
    return np.where(values.isna(), len(edges) + 1, bins)


def _place_by_level(levels, values):
    codes = levels.get_indexer(values)
    return np.where(codes < 0, len(levels), codes)
