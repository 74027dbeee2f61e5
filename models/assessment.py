"""How good is a score, in the figures that a bank decides on?"""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

# Shares of customers that a campaign can contact.
CAPACITIES = {"lift_at_5_percent": 0.05, "lift_at_10_percent": 0.10}
BIN_COUNT = 10


def measure_ranking(label, score):
    """Measure how well a score ranks.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1, both present.
    score : ndarray of shape (n_rows,)
        Any finite number.

    Returns
    -------
    dict of str to float
        AUC, average precision, and lift at each capacity.
    """
    return {
        "auc": float(roc_auc_score(label, score)),
        "average_precision": float(average_precision_score(label, score)),
        **{
            name: measure_lift(label, score, share)
            for name, share in CAPACITIES.items()
        },
    }


def measure(label, probability):
    """Measure how well probabilities rank, and whether they are true.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1, both present.
    probability : ndarray of shape (n_rows,)

    Returns
    -------
    dict of str to float
        What :func:`measure_ranking` gives, Brier score and calibration error.
    """
    return measure_ranking(label, probability) | {
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


def bin_by_probability(label, probability):
    """Group rows of neighbouring probability.

    Returns
    -------
    list of tuple
        Mean probability, share of positives and number of rows of each group, in rising
        order.
    """
    order = np.argsort(probability, kind="stable")
    groups = np.array_split(order, min(BIN_COUNT, len(order)))
    label = average_ties(label, probability)
    return [
        (float(probability[group].mean()), float(label[group].mean()), len(group))
        for group in groups
    ]


def average_ties(label, score):
    """Give rows of one score their mean label, lest the order of rows decides.

    Parameters
    ----------
    label, score : ndarray of shape (n_rows,)

    Returns
    -------
    ndarray of shape (n_rows,)

    Examples
    --------
    >>> average_ties(np.array([1, 0, 1]), np.array([0.2, 0.2, 0.7])).tolist()
    [0.5, 0.5, 1.0]
    """
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    return (np.bincount(places, label) / counts)[places]


def accumulate_gains(label, score):
    """Which share of positives is reached by contacting the highest scores first?

    Returns
    -------
    tuple of ndarray
        Share of rows contacted and share of positives reached, both from 0 to 1.
    """
    hits = average_ties(label, score)[np.argsort(-score, kind="stable")].cumsum()
    contacted = np.arange(len(label) + 1) / len(label)
    return contacted, np.concatenate([[0], hits]) / label.sum()
