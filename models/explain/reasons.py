"""Why this score? Up to three reasons for each row, out of what its columns add."""

import numpy as np
import pandas as pd
from sklearn.base import clone

from models.explain.attributions import Explainer, remember_average, uncover

MOST_REASONS = 3
# In log-odds. What does not even add a twentieth to the odds is not worth saying.
LEAST_CONTRIBUTION = 0.05
REFITS = 2
MORE, LESS, OTHER = "more", "less", "other"


def choose_reasons(contributions, X, averages, concepts):
    """Choose what most raises the score of each row.

    Parameters
    ----------
    contributions : ndarray of shape (n_rows, n_columns)
        What each column adds to the log-odds of each row.
    X : DataFrame of shape (n_rows, n_columns)
        The columns themselves, in the same order.
    averages : DataFrame of shape (n_numeric_columns, 2)
        ``median`` and ``mean`` of each number, over whom the rows are compared with.
    concepts : DataFrame of shape (n_columns, 3)
        Indexed by column, in the order of ``X``: ``concept``, the business concept it
        belongs to; ``orientation``, 1 where a larger number is more of that, -1 where
        it is less, 0 where it is neither; ``when_missing``, a level.

    Returns
    -------
    DataFrame of shape (n_reasons, 5)
        ``row``, a position in ``X``; ``reason_rank`` from 1; ``concept``; ``level``,
        whether the row shows more or less of it than the average, by the column of the
        concept that adds most; ``attribution``, what all its columns add to the
        log-odds. A row that nothing raises has no reason. The average is the median,
        but for a value that is just that, the mean: else nobody without a complaint
        would have fewer than the average.
    """
    codes, names, sums = _sum_by_concept(contributions, concepts)
    best = np.argsort(-sums, axis=1, kind="stable")[:, :MOST_REASONS]
    rows, ranks = np.nonzero(
        np.take_along_axis(sums, best, axis=1) >= LEAST_CONTRIBUTION
    )
    chosen = best[rows, ranks]
    leads = _find_leads(contributions, rows, chosen, codes)
    return pd.DataFrame(
        {
            "row": rows,
            "reason_rank": ranks + 1,
            "concept": names.to_numpy()[chosen],
            "level": _judge_levels(X, averages, concepts, rows, leads),
            "attribution": sums[rows, chosen],
        }
    )


def measure_stability(estimator, train, label, X, concepts, random_state=0):
    """How many rows keep their first reason if the training rows are drawn again?

    Parameters
    ----------
    estimator : Pipeline or CalibratedClassifierCV
        Fitted, and left as it is: clones of it are fitted.
    train : DataFrame of shape (n_train_rows, n_columns)
        What it was fitted on. Drawn again with replacement, for each of ``REFITS``.
    label : Series of shape (n_train_rows,)
        0 or 1.
    X : DataFrame of shape (n_rows, n_columns)
        Whose reasons are compared, such as those whom there is capacity to contact. A
        few thousand rows are enough.
    concepts : DataFrame of shape (n_columns, 3)
        See :func:`choose_reasons`.
    random_state : int, default=0
        Draws the rows.

    Returns
    -------
    float
        Mean share of rows, in [0, 1], whose first concept a refit names first, too. No
        reason in both counts as the same.
    """
    firsts = _find_first_concepts(estimator, X, concepts)
    draw, pipeline = np.random.default_rng(random_state), uncover(estimator)
    shares = []
    for _ in range(REFITS):
        rows = draw.integers(len(train), size=len(train))
        refitted = clone(pipeline).fit(train.iloc[rows], label.iloc[rows])
        remember_average(refitted, train.iloc[rows])
        again = _find_first_concepts(refitted, X, concepts)
        shares.append(np.mean(firsts == again))
    return float(np.mean(shares))


def _find_first_concepts(estimator, X, concepts):
    """Code of the concept that adds most to each row, -1 where none is worth saying."""
    contributions = Explainer(estimator).explain(X)
    _, _, sums = _sum_by_concept(contributions, concepts)
    return np.where(sums.max(axis=1) >= LEAST_CONTRIBUTION, sums.argmax(axis=1), -1)


def _sum_by_concept(contributions, concepts):
    """Code of each column's concept, the concepts' names, and the sums of each row."""
    codes, names = pd.factorize(concepts["concept"], sort=True)
    members = (codes[:, None] == np.arange(len(names))).astype(float)
    return codes, names, contributions @ members


def _find_leads(contributions, rows, chosen, codes):
    """For each reason, which column of its concept adds most."""
    leads = np.empty(len(rows), dtype=int)
    for code in np.unique(chosen):
        members, places = np.flatnonzero(codes == code), np.flatnonzero(chosen == code)
        strongest = contributions[np.ix_(rows[places], members)].argmax(axis=1)
        leads[places] = members[strongest]
    return leads


def _judge_levels(X, averages, concepts, rows, leads):
    """Whether each leading value is more or less of its concept than the average."""
    numbers = X.select_dtypes("number").reindex(columns=concepts.index)
    values = numbers.to_numpy(dtype=float)[rows, leads]
    averages = averages.reindex(concepts.index)
    from_median, from_mean = (
        np.sign(values - averages[name].to_numpy(dtype=float)[leads])
        for name in ("median", "mean")
    )
    distance = np.where(from_median == 0, from_mean, from_median)
    distance = distance * concepts["orientation"].to_numpy()[leads]
    return np.select(
        [np.isnan(values), distance > 0, distance < 0],
        [concepts["when_missing"].to_numpy(dtype=object)[leads], MORE, LESS],
        OTHER,
    )
