"""An estimator of its own for each group of rows, in one."""

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

BOTH = 2


class ClassifierByGroup(ClassifierMixin, BaseEstimator):
    """Fits a clone for each group, and asks each row's own.

    Parameters
    ----------
    classifier : BaseEstimator
        Unfitted, with a ``decision_function``. Any number may be missing if it may be
        missing there.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    groups_ : ndarray of shape (n_groups,)
    classifiers_ : list of BaseEstimator
        Fitted, in the order of ``groups_``.

    Notes
    -----
    The group is the last column of ``X``, a number. One in which training shows a
    single label learns from all rows instead.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = np.array([[1, 0], [2, 0], [3, 0], [1, 1], [2, 1], [3, 1]] * 9)
    >>> y = np.array([0, 0, 1, 1, 1, 0] * 9)
    >>> estimator = ClassifierByGroup(LogisticRegression()).fit(X, y)
    >>> estimator.predict([[3, 0], [3, 1]]).tolist()
    [1, 0]
    """

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y):
        """Fit one clone for each group."""
        X, y = validate_data(self, X, y, dtype=float, ensure_all_finite="allow-nan")
        self.classes_ = np.unique(y)
        if len(self.classes_) != BOTH:
            msg = f"Only binary classification is supported: got {self.classes_}."
            raise ValueError(msg)
        group = X[:, -1]
        rows_of = {name: group == name for name in np.unique(group)}
        self.groups_ = np.array(list(rows_of))
        self.classifiers_ = [
            clone(self.classifier).fit(X[rows, :-1], y[rows])
            if len(np.unique(y[rows])) == BOTH
            else clone(self.classifier).fit(X[:, :-1], y)
            for rows in rows_of.values()
        ]
        return self

    def decision_function(self, X):
        """Find the log-odds of the second class.

        Raises
        ------
        ValueError
            A row is of a group that training did not show.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=float, ensure_all_finite="allow-nan"
        )
        unknown = ~np.isin(X[:, -1], self.groups_)
        if unknown.any():
            msg = f"{unknown.sum()} of {len(X)} rows are of a group not in training."
            raise ValueError(msg)
        log_odds = np.empty(len(X))
        for name, classifier in zip(self.groups_, self.classifiers_, strict=True):
            rows = X[:, -1] == name
            if rows.any():
                log_odds[rows] = classifier.decision_function(X[rows, :-1])
        return log_odds

    def predict_proba(self, X):
        """Find the probability of both classes."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X):
        """Choose the likelier class."""
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def list_groups(pipeline):
    """List the groups that a pipeline was fitted for.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.

    Returns
    -------
    list
        Empty where it has none.
    """
    prepare = dict(pipeline.named_steps).get("columns")
    parts = getattr(prepare, "named_transformers_", {})
    return list(parts["group"].categories_[0]) if "group" in parts else []


def repeat_by_group(X, group_count):
    """Give every group its own copy of each column, and an intercept.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns + 1)
        The last column is the number of the row's group, from 0.
    group_count : int

    Returns
    -------
    csr_array of shape (n_rows, group_count * (n_columns + 1))
        A row is zero outside its group's columns.

    Examples
    --------
    >>> repeat_by_group(np.array([[7.0, 1.0], [9.0, 0.0]]), group_count=2).toarray()
    array([[0., 0., 7., 1.],
           [9., 1., 0., 0.]])
    """
    row_count, width = X.shape
    values, group = X.copy(), X[:, -1].astype(int)
    values[:, -1] = 1.0
    indices = group[:, None] * width + np.arange(width)
    starts = np.arange(row_count + 1) * width
    return csr_array(
        (values.ravel(), indices.ravel(), starts),
        shape=(row_count, width * group_count),
    )
