"""What is kept of a mined table: its winner, from an arranged row to a probability."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from models.model.table_candidates import to_log_odds

# Rows that are predicted at once, counted from the first. A product of matrices may
# differ in its last bit with their number, so all who predict cut at the same rows.
PREDICTED_AT_ONCE = 20_000


class TableClassifier(ClassifierMixin, BaseEstimator):
    """Candidates that were fitted by fold, and the line that stacks or calibrates them.

    Parameters
    ----------
    candidates : dict of str to list of Pipeline
        Fitted, one for each fold that was left out. A row is judged by their mean.
    line : LogisticRegression
        Fitted on log-odds of the candidates, in that order.
    odds : float
        By how much thinning out the commoner label has changed the odds.
    """

    def __init__(self, candidates, line, odds=1.0):
        self.candidates = candidates
        self.line = line
        self.odds = odds

    def __sklearn_is_fitted__(self):
        """Whether it was fitted: it is made of what was."""
        return True

    @property
    def classes_(self):
        """The labels."""
        return self.line.classes_

    def predict_proba(self, X):
        """Give the probabilities of both labels.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Arranged, as it was in training.

        Returns
        -------
        ndarray of shape (n_rows, 2)
        """
        probability = predict_in_parts(self._predict, X)
        return np.column_stack([1 - probability, probability])

    def predict(self, X):
        """Give the likelier label."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)  # noqa: PLR2004 - a half

    def _predict(self, X):
        log_odds = [average_log_odds(each, X) for each in self.candidates.values()]
        probability = self.line.predict_proba(np.column_stack(log_odds))[:, 1]
        return undo_thinning(probability, self.odds)


def predict_in_parts(predict, X):
    """Predict ``PREDICTED_AT_ONCE`` at a time, whoever asks and for how many rows.

    Parameters
    ----------
    predict : callable
        Gives a number for each row.
    X : DataFrame of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    parts = [
        X.iloc[at : at + PREDICTED_AT_ONCE]
        for at in range(0, len(X), PREDICTED_AT_ONCE)
    ]
    return np.concatenate([np.empty(0), *(predict(part) for part in parts)])


def average_log_odds(members, X):
    """Mean of what the members say of rows that none of them has seen."""
    return np.mean(
        [to_log_odds(member.predict_proba(X)[:, 1]) for member in members], axis=0
    )


def undo_thinning(probability, odds):
    """Turn probabilities among rows that were read into those of the whole table.

    Leaving out rows of one label at random shifts the log-odds of all others by the
    same, whatever is in their columns.

    Parameters
    ----------
    probability : ndarray of shape (n_rows,)
    odds : float
        Mean weight of a positive by that of a negative.
    """
    return probability * odds / (probability * odds + 1 - probability)
