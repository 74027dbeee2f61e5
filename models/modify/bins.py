"""Numbers in bins: tenths, and fewer where what they tell rises or falls throughout."""

import numpy as np
from scipy.special import xlog1py, xlogy
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.utils.validation import check_is_fitted, validate_data


class QuantileBins(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replace numbers by the tenth they lie in, and gaps by a bin of their own.

    Parameters
    ----------
    n_bins : int, default=10
        At most; fewer where values repeat.

    Examples
    --------
    >>> X = np.array([[1.0], [2.0], [3.0], [np.nan]])
    >>> QuantileBins(n_bins=2).fit_transform(X).ravel()
    array([0., 0., 1., 2.])
    """

    def __init__(self, n_bins=10):
        self.n_bins = n_bins

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn passes a label to all
        """Find the edges of the bins in the training part."""
        X = validate_data(self, X, dtype=float, ensure_all_finite="allow-nan")
        self.edges_ = [_cut_evenly(values, self.n_bins) for values in X.T]
        return self

    def transform(self, X):
        """Give the bin of each number, from 0."""
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=float, ensure_all_finite="allow-nan"
        )
        bins = np.empty(X.shape)
        for position, edges in enumerate(self.edges_):
            bins[:, position] = _place(X[:, position], edges)
        return bins


class MonotoneBins(QuantileBins):
    """Merge neighbouring bins until the share of positives rises or falls throughout.

    The shares of merged bins are those of isotonic regression. A column keeps all its
    bins where the label insists: where they fit it better by more than the merged bins
    are worth by the Bayesian information criterion (Schwarz 1978, Annals of Statistics
    6(2)).

    Parameters
    ----------
    n_bins : int, default=10
        At most, before any are merged.

    Examples
    --------
    >>> X = np.arange(100.0)[:, None]
    >>> rising, valley = np.arange(100) > 70, abs(np.arange(100) - 50) > 30
    >>> [len(MonotoneBins(4).fit(X, y).edges_[0]) for y in (rising, valley)]
    [2, 3]
    """

    def fit(self, X, y):
        """Find the edges of the bins in the training part.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Numbers, or NaN.
        y : array-like of shape (n_rows,)
            0 or 1.
        """
        super().fit(X)
        X, y = np.asarray(X, dtype=float), np.asarray(y)
        self.edges_ = [
            _merge(edges, _place(values, edges), y)
            for edges, values in zip(self.edges_, X.T, strict=True)
        ]
        return self


def _cut_evenly(values, n_bins):
    values = values[~np.isnan(values)]
    if not len(values):
        return np.array([])
    return np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1]))


def _place(values, edges):
    return np.where(
        np.isnan(values), len(edges) + 1, np.searchsorted(edges, values)
    ).astype(int)


def _merge(edges, bins, y):
    """Leave out the edges between bins that isotonic regression gives one share."""
    if not len(edges):
        return edges
    rows = np.bincount(bins, minlength=len(edges) + 2)[:-1]
    positives = np.bincount(bins, y, minlength=len(edges) + 2)[:-1]
    # No row lies behind some edges of repeated values; the first bin always has one.
    is_there = rows > 0
    edges, rows, positives = edges[is_there[1:]], rows[is_there], positives[is_there]
    share = positives / rows
    rising, falling = (
        IsotonicRegression(increasing=increasing).fit_transform(
            np.arange(len(share)), share, sample_weight=rows
        )
        for increasing in (True, False)
    )
    monotone = max(rising, falling, key=lambda share: _fit(rows, positives, share))
    lost = _fit(rows, positives, share) - _fit(rows, positives, monotone)
    is_step = np.diff(monotone) != 0
    worth = (~is_step).sum() * np.log(rows.sum()) / 2
    return edges[is_step] if lost <= worth else edges


def _fit(rows, positives, share):
    """Log-likelihood of the label, of bins of which each has one share."""
    return (xlogy(positives, share) + xlog1py(rows - positives, -share)).sum()
