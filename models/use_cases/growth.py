"""Who rises in the pyramid: candidates, and the rule to beat."""

from sklearn.metrics import roc_auc_score

from models.model.candidates import build_boosting, build_logistic

# A judgement: what a customer brings more a year one level up, times the share whom
# advice takes there, and what advice costs.
WORTH_CNY = (150.0, 15.0)
DAYS_FORWARD = (0, 30, 60, 90, 180)  # of which the rule takes what ranked best


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
        # Nearness to the line says most, so small trees: larger ones learn the noise.
        "boosting": build_boosting(
            treatments,
            random_state,
            learning_rate=0.02,
            max_iter=300,
            max_leaf_nodes=6,
            min_samples_leaf=100,
        ),
    }


def score_by_rule(train, frame):
    """Rank customers as a bank without estimators would: by how near the next level is.

    The balance is carried forward by its trend, and compared with the line of the next
    level. For how many days is taken from before: a trend that does not last counts for
    little.

    Parameters
    ----------
    train : DataFrame of shape (n_train_rows, n_columns)
        With ``label``, and both labels among them.
    frame : DataFrame of shape (n_customers, n_columns)
        With ``next_level_share``, ``total_balance_cny`` and
        ``total_balance_slope_180d_cny``.

    Returns
    -------
    ndarray of shape (n_customers,)
        What the balance will be, as a share of the line.
    """
    days = max(
        DAYS_FORWARD,
        key=lambda days: roc_auc_score(train["label"], carry_forward(train, days)),
    )
    return carry_forward(frame, days)


def carry_forward(frame, days):
    """Carry balances forward by their trend, as shares of the next level's line.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame(
    ...     {
    ...         "next_level_share": [0.5, 0.5, 0.0],
    ...         "total_balance_cny": [100.0, 100.0, 0.0],
    ...         "total_balance_slope_180d_cny": [1.0, None, -2.0],
    ...     }
    ... )
    >>> carry_forward(customers, 50)
    array([0.75, 0.5 , 0.  ])
    """
    total = frame["total_balance_cny"]
    trend = frame["total_balance_slope_180d_cny"] / total.where(total > 0)
    carried = frame["next_level_share"] * (1 + days * trend.fillna(0))
    return carried.fillna(0).to_numpy()
