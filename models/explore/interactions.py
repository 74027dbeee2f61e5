"""Which two columns tell more together than one after the other?"""

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

INTERACTION_BINS = 32
MOST_PAIRS = 3
COLUMNS_TRIED = 10
SMOOTHING = 20  # rows of average evidence that every level is given
FEWEST_GAIN = 0.005  # of AUC, in rows that the evidence was not taken from


def choose_pairs(X, label):
    """Choose pairs of columns to treat as one, from the training part.

    Evidence is taken from every other row and judged on those between. A pair is kept
    where its joint levels rank better than the sum of what its columns say.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged; see :func:`models.modify.columns.arrange`.
    label : ndarray of shape (n_rows,)
        0 or 1.

    Returns
    -------
    list of tuple of str
        At most ``MOST_PAIRS``, the strongest first.
    """
    if len(X) < 2 or len(set(label[1::2])) < 2:  # noqa: PLR2004 - two halves, two labels
        return []
    codes = {name: _to_codes(X[name]) for name in X}
    evidence = {name: _take_evidence(codes[name], label) for name in X}
    judged = label[1::2]
    strength = {name: roc_auc_score(judged, evidence[name][1::2]) for name in X}
    tried = sorted(strength, key=strength.get, reverse=True)[:COLUMNS_TRIED]
    gains = {}
    for first, second in combinations(sorted(tried), 2):
        joint = codes[first] * (codes[second].max() + 1) + codes[second]
        together = _take_evidence(np.unique(joint, return_inverse=True)[1], label)
        apart = evidence[first] + evidence[second]
        gains[first, second] = roc_auc_score(judged, together[1::2]) - roc_auc_score(
            judged, apart[1::2]
        )
    best = sorted(gains, key=gains.get, reverse=True)[:MOST_PAIRS]
    return [pair for pair in best if gains[pair] > FEWEST_GAIN]


class JointLevels(TransformerMixin, BaseEstimator):
    """Give each combination of several columns a number of its own.

    Examples
    --------
    >>> X = pd.DataFrame({"hour": [1.0, 9.0, 9.0], "colour": ["red", "red", "green"]})
    >>> JointLevels().fit_transform(X).ravel()
    array([1, 5, 6])
    """

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn passes a label to all
        """Find the bins of numbers and the levels of texts in the training part."""
        self.levels_ = [
            _find_edges(X[name].to_numpy()) if _is_number(X[name]) else X[name].unique()
            for name in X
        ]
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Give one column of numbers; a text not seen in training counts as one."""
        check_is_fitted(self)
        joint = np.zeros(len(X), dtype=np.int64)
        for name, levels in zip(X, self.levels_, strict=True):
            if _is_number(X[name]):
                code = _bin(X[name].to_numpy(), levels)
            else:
                code = 1 + pd.Index(levels).get_indexer(X[name])
            joint = joint * (len(levels) + 2) + code
        return joint[:, None]


def _to_codes(values):
    if _is_number(values):
        numbers = values.to_numpy()
        return _bin(numbers, _find_edges(numbers))
    return pd.factorize(values)[0]


def _take_evidence(codes, label):
    """Log-odds of each level, from every other row and for all of them."""
    count = codes.max() + 1
    rows = np.bincount(codes[::2], minlength=count)
    positives = np.bincount(codes[::2], weights=label[::2], minlength=count)
    average = np.clip(label[::2].mean(), 1e-6, 1 - 1e-6)
    rate = (positives + SMOOTHING * average) / (rows + SMOOTHING)
    return np.log(rate / (1 - rate))[codes]


def _find_edges(numbers):
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return np.array([])
    values = np.unique(known)
    if len(values) <= INTERACTION_BINS:
        return values[:-1]
    return np.unique(np.quantile(known, np.linspace(0, 1, INTERACTION_BINS + 1)[1:-1]))


def _bin(numbers, edges):
    bins = np.searchsorted(edges, numbers)
    return np.where(np.isnan(numbers), len(edges) + 1, bins)


def _is_number(values):
    return pd.api.types.is_float_dtype(values)
