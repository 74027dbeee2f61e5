"""Is a customer still there, judging by how often and how lately they came?"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

START = np.log([1.0, 1.0, 1.0, 1.0])
BOUNDS = [(-12.0, 12.0)] * 4  # of logarithms; flat likelihoods end there


class BetaGeometricNBD(BaseEstimator):
    """The BG/NBD estimator of Fader, Hardie and Lee (2005), by maximum likelihood.

    A customer comes at random at a rate of their own (gamma with shape ``r_`` and rate
    ``alpha_``), and after each visit may leave for good with a probability of their own
    (beta with ``a_`` and ``b_``). Nobody sees a customer leave. That one who came often
    has been silent for long tells more than that one who came twice has.

    Parameters
    ----------
    horizon : float, default=13.0
        Time ahead over which :meth:`predict` counts visits, in the unit of the data.

    Attributes
    ----------
    r_, alpha_, a_, b_ : float
        Fitted parameters. ``alpha_`` is in the unit of time of the data.
    n_features_in_ : int
        Always 3.

    Notes
    -----
    ``X`` has three columns, in this order, whatever their names: frequency (visits
    after the first), recency (time from the first to the last visit, 0 where there was
    one), and age (time from the first visit to the end of observation).

    Examples
    --------
    >>> X = np.array([[0, 0, 30], [1, 5, 30], [4, 28, 30], [9, 12, 30], [2, 20, 38]])
    >>> estimator = BetaGeometricNBD().fit(X)
    >>> often_but_silent, lately = estimator.predict_alive([[9, 12, 30], [9, 29, 30]])
    >>> bool(often_but_silent < lately)
    True
    """

    def __init__(self, horizon=13.0):
        self.horizon = horizon

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn passes a label to all
        """Find the parameters that make what was observed likeliest.

        Parameters
        ----------
        X : array-like of shape (n_customers, 3)
            Frequency, recency and age.
        y : None
            Not used: that a customer has left is never observed.

        Returns
        -------
        BetaGeometricNBD
            Itself.

        Raises
        ------
        ValueError
            A row is impossible, or the search did not converge.
        """
        X = self._check(X, reset=True)
        # Customers alike in all three are one row with a weight.
        rows, counts = np.unique(X, axis=0, return_counts=True)
        # Times around 1 keep the search well-conditioned, whatever the unit.
        unit = rows[:, 2].max()
        frequency, recency, age = rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit

        def loss(logarithms):
            values = _log_likelihood(np.exp(logarithms), frequency, recency, age)
            return -np.sum(counts * values) / counts.sum()

        found = minimize(loss, START, method="L-BFGS-B", bounds=BOUNDS, tol=1e-13)
        if not np.isfinite(found.fun):
            msg = (
                f"The likelihood of {len(X)} customers has no maximum: {found.message}"
            )
            raise ValueError(msg)
        self.r_, alpha, self.a_, self.b_ = (float(value) for value in np.exp(found.x))
        self.alpha_ = float(alpha * unit)
        return self

    def predict_alive(self, X):
        """Probability that a customer has not left yet.

        Parameters
        ----------
        X : array-like of shape (n_customers, 3)
            Frequency, recency and age.

        Returns
        -------
        ndarray of shape (n_customers,)
            Fraction in [0, 1]. Without a second visit it is 1, because here a customer
            can only leave after one.
        """
        check_is_fitted(self)
        frequency, recency, age = self._check(X).T
        return expit(
            -_log_odds_of_having_left(self._parameters, frequency, recency, age)
        )

    def predict(self, X):
        """Visits to expect over the next ``horizon``.

        Parameters
        ----------
        X : array-like of shape (n_customers, 3)
            Frequency, recency and age.

        Returns
        -------
        ndarray of shape (n_customers,)
            Not negative.
        """
        alive = self.predict_alive(X)
        frequency, _, age = self._check(X).T
        r, alpha, a, b = self._parameters
        shape, decay = r + frequency, a + b + frequency - 1
        share = self.horizon / (alpha + age + self.horizon)
        gone = hyp2f1(shape, b + frequency, decay, share) * (1 - share) ** shape
        if np.isclose(a, 1.0):
            a = 1.0 + 1e-6  # the formula has a removable pole
        return decay / (a - 1) * (1 - gone) * alive

    def score(self, X, y=None):  # noqa: ARG002
        """Log-likelihood of what was observed; the higher, the better.

        Parameters
        ----------
        X : array-like of shape (n_customers, 3)
            Frequency, recency and age.
        y : None
            Not used.

        Returns
        -------
        float
            Sum over customers.
        """
        check_is_fitted(self)
        return float(np.sum(_log_likelihood(self._parameters, *self._check(X).T)))

    @property
    def _parameters(self):
        return self.r_, self.alpha_, self.a_, self.b_

    def _check(self, X, *, reset=False):
        X = validate_data(self, X, reset=reset, dtype=float)
        if X.shape[1] != 3:  # noqa: PLR2004 - frequency, recency, age
            msg = f"Give frequency, recency and age, in this order; got {X.shape[1]}."
            raise ValueError(msg)
        frequency, recency, age = X.T
        impossible = (
            (frequency < 0)
            | (recency < 0)
            | (recency > age)
            | (age == 0)
            | ((frequency == 0) & (recency > 0))
        )
        if impossible.any():
            msg = (
                f"{impossible.sum()} of {len(X)} customers are impossible: frequency "
                "and recency are not negative, recency is at most age and 0 without a "
                "second visit, and age is above 0."
            )
            raise ValueError(msg)
        return X


def _log_likelihood(parameters, frequency, recency, age):
    """By customer; equation 6 of the paper, in logarithms throughout."""
    r, alpha, a, b = parameters
    stayed = (
        gammaln(r + frequency)
        - gammaln(r)
        + r * np.log(alpha)
        + betaln(a, b + frequency)
        - betaln(a, b)
        - (r + frequency) * np.log(alpha + age)
    )
    left = _log_odds_of_having_left(parameters, frequency, recency, age)
    return stayed + np.logaddexp(0, left)


def _log_odds_of_having_left(parameters, frequency, recency, age):
    r, alpha, a, b = parameters
    came_back = frequency > 0
    visits = np.where(came_back, frequency, 1)
    odds = np.log(a) - np.log(b + visits - 1)
    odds = odds + (r + visits) * np.log((alpha + age) / (alpha + recency))
    return np.where(came_back, odds, -np.inf)
