"""Who opens what: candidates, and the rules to beat."""

import numpy as np

from models.model.candidates import build_boosting_by_group, build_logistic_by_group

# A judgement: what an account brings in its first year, times the share that would not
# have opened by itself, and what an offer costs.
WORTH_CNY = (200.0, 5.0)
FAMILY = "product_family"


def build_estimators(treatments, families, random_state=0):
    """Build the unfitted candidates, the simplest first.

    Parameters
    ----------
    treatments : dict of str to str
        By column that they take, see :mod:`models.modify.treatments`.
    families : list of str
        The product families that are offered.
    random_state : int, default=0
        Seed of whatever is random.

    Returns
    -------
    dict of str to Pipeline
        By name. Each predicts the probability of opening a product from a DataFrame
        with those columns: a customer's features, and a family not held.
    """
    return {
        # One slope for all families would be a straw man.
        "logistic": build_logistic_by_group(
            {name: treatments[name] for name in treatments if name != FAMILY},
            FAMILY,
            families,
            penalty=0.003,
        ),
        # What makes one customer buy a fund makes another borrow: a small ensemble for
        # each ranks better than one that has to tell families apart first.
        "boosting": build_boosting_by_group(
            {name: treatments[name] for name in treatments if name != FAMILY},
            FAMILY,
            families,
            random_state,
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=6,
            min_samples_leaf=40,
        ),
    }


def score_by_rule(train, frame):
    """Rank offers as a bank without estimators would: by what sells best.

    Parameters
    ----------
    train : DataFrame of shape (n_train_rows, n_columns)
        With ``product_family`` and ``label``.
    frame : DataFrame of shape (n_rows, n_columns)
        With ``product_family``.

    Returns
    -------
    ndarray of shape (n_rows,)
        Share of those asked about the family in training who opened it.
    """
    rate = train.groupby(FAMILY)["label"].mean()
    return frame[FAMILY].map(rate).fillna(0.0).to_numpy(dtype=float)


def score_by_co_holding(known, frame):
    """Rank offers by what others hold who hold the same.

    Parameters
    ----------
    known : DataFrame of shape (n_known_rows, n_columns)
        With ``holds_<family>`` of customers, 0 or 1.
    frame : DataFrame of shape (n_rows, n_columns)
        With the same, and ``product_family``.

    Returns
    -------
    ndarray of shape (n_rows,)
        Mean, over the families asked about that a customer holds, of the share of their
        holders who hold the one in question; over everybody for who holds none.
    """
    families = sorted(frame[FAMILY].unique())
    columns = [f"holds_{family}" for family in families]
    held, asked = known[columns].to_numpy(), frame[columns].to_numpy()
    together = held.T @ held
    shares = together / np.maximum(np.diag(together), 1)[:, None]
    usual = held.mean(axis=0)
    family = frame[FAMILY].map({name: i for i, name in enumerate(families)})
    count = asked.sum(axis=1)
    means = np.where(count[:, None] > 0, asked @ shares, usual)
    means = means / np.maximum(count, 1)[:, None]
    return means[np.arange(len(frame)), family.to_numpy()]


# What else offers are compared with, customer by customer.
OTHER_RULES = {"co_holding": score_by_co_holding}
