"""Who rises in the pyramid: candidates, and the rule to beat."""

from models.model.candidates import build_boosting, build_logistic

# A judgement: what a customer brings more a year one level up, times the share whom
# advice takes there, and what advice costs.
WORTH_CNY = (150.0, 15.0)


def build_estimators(treatments, random_state=0):
    """Build the unfitted candidates, the simplest first.

    Parameters
    ----------
    treatments : dict of str to str
        By column that they take, see :mod:`models.modify.treatments`.
    random_state : int, default=0
        Seed of whatever is random.

    Returns
    -------
    dict of str to Pipeline
        By name. Each predicts the probability of a higher level from a DataFrame with
        those columns.
    """
    return {
        "logistic": build_logistic(treatments, penalty=0.1),
        # A level is a line that balances cross: trees find it, a slope does not.
        "boosting": build_boosting(
            treatments,
            random_state,
            learning_rate=0.03,
            max_iter=300,
            max_leaf_nodes=16,
            min_samples_leaf=50,
        ),
    }


def score_by_rule(train, frame):  # noqa: ARG001 - a trend needs no training
    """Rank customers as a bank without estimators would: by the trend of the balance.

    Parameters
    ----------
    train : DataFrame
        Not used.
    frame : DataFrame of shape (n_customers, n_columns)
        With ``total_balance_cny`` and ``total_balance_slope_180d_cny``.

    Returns
    -------
    ndarray of shape (n_customers,)
        Change a day over the last 180 days, as a share of the balance; 0 where it is
        not known or nothing is there.
    """
    trend = frame["total_balance_slope_180d_cny"] / frame["total_balance_cny"]
    return trend.where(frame["total_balance_cny"] > 0, 0).fillna(0).to_numpy()
