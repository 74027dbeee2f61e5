"""Who falls dormant: candidates, and the rule to beat."""

from models.model.candidates import build_boosting, build_logistic

# A judgement: what keeping one customer is worth, times the share whom a contact keeps,
# and what a contact costs.
WORTH_CNY = (120.0, 15.0)
NEVER_DAYS = 1e6  # longer than anybody lives


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
        By name. Each predicts the probability of falling dormant from a DataFrame with
        those columns.
    """
    return {
        "logistic": build_logistic(treatments, penalty=0.1),
        "boosting": build_boosting(
            treatments,
            random_state,
            learning_rate=0.04,
            max_iter=150,
            max_leaf_nodes=16,
            min_samples_leaf=50,
        ),
        # With many customers there is more to be learnt than this can hold.
        "larger_boosting": build_boosting(
            treatments,
            random_state,
            learning_rate=0.04,
            max_iter=300,
            max_leaf_nodes=31,
            min_samples_leaf=50,
        ),
    }


def score_by_rule(train, frame):  # noqa: ARG001 - recency needs no training
    """Rank customers as a bank without estimators would: by how long they were silent.

    Parameters
    ----------
    train : DataFrame
        Not used.
    frame : DataFrame of shape (n_customers, n_columns)
        With ``days_since_customer_event``.

    Returns
    -------
    ndarray of shape (n_customers,)
        In days. The longer, the likelier to fall dormant.
    """
    return frame["days_since_customer_event"].fillna(NEVER_DAYS).to_numpy()
