"""How good is a score, in the figures that a bank decides on?"""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

BIN_COUNT = 10


def measure_ranking(label, score, capacity):
    """Measure how well a score ranks.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1, both present.
    score : ndarray of shape (n_rows,)
        Any finite number.
    capacity : float
        Share of the rows that can be contacted, in (0, 1].

    Returns
    -------
    dict of str to float
        AUC, average precision, lift at the capacity and at half of it, and the capacity
        itself.
    """
    return {
        "auc": float(roc_auc_score(label, score)),
        "average_precision": float(average_precision_score(label, score)),
        "lift_at_half_capacity": measure_lift(label, score, capacity / 2),
        "lift_at_capacity": measure_lift(label, score, capacity),
        "contact_capacity": capacity,
    }


def measure(label, probability, capacity):
    """Measure how well probabilities rank, and whether they are true.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1, both present.
    probability : ndarray of shape (n_rows,)
    capacity : float
        Share of the rows that can be contacted, in (0, 1].

    Returns
    -------
    dict of str to float
        What :func:`measure_ranking` gives, Brier score and calibration error.
    """
    return measure_ranking(label, probability, capacity) | {
        "brier": float(brier_score_loss(label, probability)),
        "calibration_error": measure_calibration_error(label, probability),
    }


def measure_lift(label, score, share):
    """How many times more positives than by chance are among the highest scores?

    Where the border runs through rows of one score, the average of all choices among
    them counts.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    score : ndarray of shape (n_rows,)
    share : float
        Fraction of rows that is contacted, in (0, 1].

    Returns
    -------
    float

    Examples
    --------
    >>> label = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    >>> measure_lift(label, np.arange(10)[::-1], share=0.2)
    5.0
    >>> measure_lift(label, np.zeros(10), share=0.2)
    1.0
    """
    count = max(1, round(share * len(score)))
    border = np.partition(score, -count)[-count]
    above, at_border = score > border, score == border
    hits = label[above].sum() + (count - above.sum()) * label[at_border].mean()
    return float(hits / count / label.mean())


def measure_calibration_error(label, probability):
    """By how much do probabilities differ from what happened, in ten equal groups?

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    probability : ndarray of shape (n_rows,)

    Returns
    -------
    float
        Mean absolute difference of predicted and observed share, by group of rows with
        neighbouring probabilities.

    Examples
    --------
    >>> measure_calibration_error(np.array([0, 1] * 50), np.full(100, 0.7)).__round__(2)
    0.2
    """
    groups = bin_by_probability(label, probability)
    weight = np.array([count for _, _, count in groups]) / len(label)
    predicted, observed, _ = np.array(groups).T
    return float(np.sum(weight * np.abs(predicted - observed)))


def bin_by_probability(label, probability, weight=None):
    """Group rows of neighbouring probability.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    probability : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks.

    Returns
    -------
    list of tuple
        Mean probability, share of positives and weight of each group, in rising order.
    """
    weight = np.ones(len(label)) if weight is None else weight
    order = np.argsort(probability, kind="stable")
    places = split_evenly(weight[order])
    count, said, seen = (
        np.bincount(places, weight[order] * values[order])
        for values in (
            np.ones(len(label)),
            probability,
            average_ties(label, probability, weight),
        )
    )
    is_there = count > 0
    return list(
        zip(
            (said[is_there] / count[is_there]).tolist(),
            (seen[is_there] / count[is_there]).tolist(),
            count[is_there].tolist(),
            strict=True,
        )
    )


def split_evenly(weight):
    """Give each row its group of ten, so that all have about the same weight.

    Parameters
    ----------
    weight : ndarray of shape (n_rows,)
        In the order of the groups.

    Returns
    -------
    ndarray of shape (n_rows,)
        From 0; fewer groups where there are fewer rows.

    Examples
    --------
    >>> split_evenly(np.ones(12)).tolist()
    [0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9]
    """
    middle = weight.cumsum() - weight / 2
    return (middle * min(BIN_COUNT, len(weight)) / weight.sum()).astype(int)


def average_ties(label, score, weight=None):
    """Give rows of one score their mean label, lest the order of rows decides.

    Parameters
    ----------
    label, score : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks.

    Returns
    -------
    ndarray of shape (n_rows,)

    Examples
    --------
    >>> average_ties(np.array([1, 0, 1]), np.array([0.2, 0.2, 0.7])).tolist()
    [0.5, 0.5, 1.0]
    """
    weight = np.ones(len(label)) if weight is None else weight
    _, places = np.unique(score, return_inverse=True)
    return (np.bincount(places, weight * label) / np.bincount(places, weight))[places]


def accumulate_gains(label, score, weight=None):
    """Which share of positives is reached by contacting the highest scores first?

    Parameters
    ----------
    label, score : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks.

    Returns
    -------
    tuple of ndarray
        Share of rows contacted and share of positives reached, both from 0 to 1.
    """
    weight = np.ones(len(label)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    hits = (weight * average_ties(label, score, weight))[order].cumsum()
    asked = weight[order].cumsum()
    return np.r_[0, asked] / asked[-1], np.r_[0, hits] / hits[-1]
