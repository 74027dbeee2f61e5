"""Every row is judged by estimators that have not seen it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from models.model.table_candidates import BOOSTING_SETTINGS
from models.model.table_estimator import average_log_odds, predict_in_parts

USUAL_FOLDS = 4
CALIBRATION = {"C": 1.0, "max_iter": 500}


class OutOfTimeError(Exception):
    """The budget ended before a candidate was fitted."""


@dataclass(frozen=True)
class CrossFitted:
    """One candidate, fitted once for each fold it leaves out.

    Attributes
    ----------
    members : list of Pipeline
        One for each fold.
    tune_log_odds : ndarray of shape (n_rows,)
        What the member that left a row out says of it.
    """

    members: list
    tune_log_odds: np.ndarray

    def predict_log_odds(self, X):
        """Mean of what the members say of rows that none of them has seen."""
        return predict_in_parts(partial(average_log_odds, self.members), X)


def split_folds(label, random_state=None, group=None, count=USUAL_FOLDS):
    """Cut the training part into folds, each with its share of positives.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    random_state : int, optional
        None leaves the rows in their order, so that rows in time stay together.
    group : ndarray of shape (n_rows,), optional
        Rows of one group are all in one fold.
    count : int, default=USUAL_FOLDS

    Returns
    -------
    list of tuple of ndarray
        Positions to fit on, and to tune on.

    Examples
    --------
    >>> label, group = np.array([0, 1] * 4), np.array([0, 0, 1, 1, 2, 2, 3, 3])
    >>> [group[tune].tolist() for _, tune in split_folds(label, 0, group, count=2)]
    [[1, 1, 2, 2], [0, 0, 3, 3]]
    """
    kind = StratifiedKFold if group is None else StratifiedGroupKFold
    folds = kind(count, shuffle=random_state is not None, random_state=random_state)
    return list(folds.split(np.zeros(len(label)), label, group))


def cross_fit(estimator, X, label, folds, *, is_over=lambda: False):
    """Fit a candidate once for each fold; boosting stops early on the fold left out.

    Parameters
    ----------
    estimator : callable
        Gives an unfitted Pipeline.
    X : DataFrame of shape (n_rows, n_columns)
        Arranged.
    label : ndarray of shape (n_rows,)
        0 or 1.
    folds : list of tuple of ndarray
        As :func:`split_folds` gives them.
    is_over : callable
        Asked before each fit whether the budget is spent.

    Returns
    -------
    CrossFitted

    Raises
    ------
    OutOfTimeError
        ``is_over`` said so.
    """
    members, log_odds = [], np.empty(len(label))
    for fit_rows, tune_rows in folds:
        if is_over():
            raise OutOfTimeError
        member = _fit(estimator(), X, label, fit_rows, tune_rows)
        log_odds[tune_rows] = _predict_log_odds(member, X.iloc[tune_rows])
        members.append(member)
    return CrossFitted(members, log_odds)


def choose_boosting(build, X, label, folds):
    """Choose the settings of the boosting by successive halving, in the training part.

    All are tried on a third of the rows, and the better half on all of them.

    Parameters
    ----------
    build : callable
        Gives an unfitted boosting from settings as keywords.
    X : DataFrame of shape (n_rows, n_columns)
        Arranged.
    label : ndarray of shape (n_rows,)
        0 or 1.
    folds : list of tuple of ndarray
        The first of them is used.

    Returns
    -------
    dict of str to float
        One of ``BOOSTING_SETTINGS``.
    """
    fit_rows, tune_rows = folds[0]
    left = BOOSTING_SETTINGS
    for step in (3, 1):
        losses = []
        for settings in left:
            member = _fit(build(**settings), X, label, fit_rows[::step], tune_rows)
            log_odds = _predict_log_odds(member, X.iloc[tune_rows])
            losses.append(log_loss(label[tune_rows], 1 / (1 + np.exp(-log_odds))))
        order = np.argsort(losses, kind="stable")
        left = [left[position] for position in order[: max(1, len(left) // 2)]]
    return left[0]


def calibrate(tune_log_odds, label):
    """Fit a line that turns log-odds of candidates into true probabilities.

    Parameters
    ----------
    tune_log_odds : ndarray of shape (n_rows, n_candidates)
        One candidate is calibrated; several are stacked.
    label : ndarray of shape (n_rows,)
        0 or 1.

    Returns
    -------
    LogisticRegression
        Takes log-odds of the same candidates.
    """
    return LogisticRegression(**CALIBRATION).fit(tune_log_odds, label)


def _fit(pipeline, X, label, fit_rows, tune_rows):
    columns, classify = pipeline[:-1], pipeline[-1]
    fitted = columns.fit_transform(X.iloc[fit_rows], label[fit_rows])
    if isinstance(classify, HistGradientBoostingClassifier):
        tune = columns.transform(X.iloc[tune_rows])
        classify.fit(fitted, label[fit_rows], X_val=tune, y_val=label[tune_rows])
    else:
        classify.fit(fitted, label[fit_rows])
    return pipeline


def _predict_log_odds(pipeline, X):
    return average_log_odds([pipeline], X)
