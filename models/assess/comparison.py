"""What speaks for a challenger: intervals by cut-off, calibration, gaps, drift."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from models.assess.assessment import measure_calibration_error
from models.explore.drift import measure_drift

CHALLENGER, CHAMPION, RULE = "challenger", "champion", "rule"
RESAMPLINGS = 400
MOST_CELLS = 100_000  # of rows times resamplings, to be held at a time
# In a group with fewer of either label, a figure is an accident.
LEAST_OF_EACH_LABEL = 50
DRIFT_BINS = 10


class Interval(NamedTuple):
    """A figure, and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CutOff:
    """One snapshot that nobody who is compared on it has learnt from.

    Attributes
    ----------
    as_of_date : date
        Which snapshot.
    label : ndarray of shape (n_rows,)
        0 or 1.
    scores : dict of str to ndarray of shape (n_rows,)
        Of the challenger, the rule, and of the champion where there is one.
    person : ndarray of shape (n_rows,)
        Numbers from 0. Rows of one person are resampled together.
    groups : dict of str to ndarray of shape (n_rows,)
        For example the age band of each row, by ``"age_band"``.
    """

    as_of_date: object
    label: np.ndarray
    scores: dict[str, np.ndarray]
    person: np.ndarray
    groups: dict[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """The challenger on one cut-off: its AUC, and by how much that is more.

    Attributes
    ----------
    as_of_date : date
        Which snapshot.
    row_count, positive_count : int
        On how much it rests.
    auc : Interval
    over : dict of str to Interval
        AUC over that of the rule, and of the champion where there is one, by resampling
        the same rows for both.
    """

    as_of_date: object
    row_count: int
    positive_count: int
    auc: Interval
    over: dict[str, Interval]


@dataclass(frozen=True)
class Evidence:
    """All that the gate reads about a challenger.

    Attributes
    ----------
    comparisons : list of Comparison
        The latest cut-off last. All else is about that one.
    lowest, highest : float
        The range of its probabilities.
    calibration_error : float
        As a share of the base rate.
    drift : float
        Population stability index of its probabilities since it was calibrated.
    auc_gaps : dict of str to float or None
        AUC of the best group less that of the worst, by what groups are made of; None
        where groups are too small to say.
    calibration_gaps : dict of str to float or None
        By how much the probabilities of the group they fit worst are off, as a share of
        what happened there; None as above.
    """

    comparisons: list[Comparison]
    lowest: float
    highest: float
    calibration_error: float
    drift: float
    auc_gaps: dict[str, float | None]
    calibration_gaps: dict[str, float | None]


def weigh(cut_offs, calibrated_on, tail, random_state=0):
    """Gather what speaks for and against a challenger.

    Parameters
    ----------
    cut_offs : iterable of CutOff
        At least one, the latest last. They are taken one at a time.
    calibrated_on : ndarray of shape (n_tuning_rows,)
        The challenger's probabilities on the snapshot it was calibrated on.
    tail : float
        Share of resamplings beyond each end of an interval, in (0, 0.5).
    random_state : int, default=0
        Seed of the resampling.

    Returns
    -------
    Evidence
    """
    comparisons = []
    for cut_off in cut_offs:
        comparisons.append(compare(cut_off, tail, random_state))
        latest = cut_off
    label, probability = latest.label, latest.scores[CHALLENGER]
    gaps = {
        name: measure_gaps(label, probability, groups)
        for name, groups in latest.groups.items()
    }
    return Evidence(
        comparisons=comparisons,
        lowest=float(probability.min()),
        highest=float(probability.max()),
        calibration_error=measure_calibration_error(label, probability) / label.mean(),
        drift=_measure_drift(calibrated_on, probability),
        auc_gaps={name: gap for name, (gap, _) in gaps.items()},
        calibration_gaps={name: gap for name, (_, gap) in gaps.items()},
    )


def compare(cut_off, tail, random_state=0):
    """Compare the challenger with all others on one cut-off.

    Parameters
    ----------
    cut_off : CutOff
    tail : float
        Share of resamplings beyond each end of an interval, in (0, 0.5).
    random_state : int, default=0
        Seed of the resampling.

    Returns
    -------
    Comparison
    """
    aucs = _resample(cut_off, random_state)
    ours = aucs.pop(CHALLENGER)
    return Comparison(
        as_of_date=cut_off.as_of_date,
        row_count=len(cut_off.label),
        positive_count=int(cut_off.label.sum()),
        auc=_summarise(ours, tail),
        over={name: _summarise(ours - theirs, tail) for name, theirs in aucs.items()},
    )


def measure_gaps(label, probability, groups):
    """How differently does a score work for the groups of people?

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    probability : ndarray of shape (n_rows,)
    groups : ndarray of shape (n_rows,)
        Each row's group. Those with fewer than ``LEAST_OF_EACH_LABEL`` of either label
        are left out.

    Returns
    -------
    tuple of float
        The best group's AUC less the worst's, None where no two groups are left; and
        the largest difference of predicted and observed share, as a share of the
        observed, None where no group is left.

    Examples
    --------
    >>> label = np.array([0, 1] * 200)
    >>> ranked = np.where(label, 0.6, 0.4)
    >>> groups = np.repeat(["old", "young"], 200)
    >>> measure_gaps(label, np.where(groups == "old", 0.75, ranked), groups)
    (0.5, 0.5)
    """
    aucs, errors = [], []
    for name in np.unique(groups):
        rows = groups == name
        happened, said = label[rows], probability[rows]
        if min(happened.sum(), (1 - happened).sum()) >= LEAST_OF_EACH_LABEL:
            aucs.append(float(roc_auc_score(happened, said)))
            errors.append(float(abs(said.mean() - happened.mean()) / happened.mean()))
    gap = max(aucs) - min(aucs) if len(aucs) > 1 else None
    return gap, max(errors, default=None)


def _resample(cut_off, random_state):
    """AUC of each score as it is, then of each resampling of people."""
    ranked = {name: _rank(cut_off, score) for name, score in cut_off.scores.items()}
    aucs = {name: [] for name in ranked}
    for times in _draw_people(cut_off.person, random_state):
        for name, ranking in ranked.items():
            aucs[name].append(_weigh_auc(*ranking, times))
    return {name: np.concatenate(parts) for name, parts in aucs.items()}


def _draw_people(person, random_state):
    """How often each person counts: once, then as drawn with replacement, in blocks."""
    person_count = person.max() + 1
    yield np.ones((1, person_count))
    generator = np.random.default_rng(random_state)
    block = max(1, MOST_CELLS // len(person))
    for begun in range(0, RESAMPLINGS, block):
        count = min(block, RESAMPLINGS - begun)
        drawn = generator.integers(person_count, size=(count, person_count))
        cells = (drawn + person_count * np.arange(count)[:, None]).ravel()
        times = np.bincount(cells, minlength=count * person_count)
        yield times.reshape(count, person_count).astype(float)


def _rank(cut_off, score):
    """Who is positive, who is negative in rising order, and whom each one is above."""
    is_positive = cut_off.label == 1
    negatives = np.flatnonzero(~is_positive)
    negatives = negatives[np.argsort(score[negatives], kind="stable")]
    places = [
        np.searchsorted(score[negatives], score[is_positive], side)
        for side in ("left", "right")
    ]
    return cut_off.person[is_positive], cut_off.person[negatives], *places


def _weigh_auc(positive, negative, above, level, times):
    """Measure which share of pairs is in order, counting equal scores by half."""
    weight = times[:, positive]
    negatives = np.zeros((len(times), len(negative) + 1))
    np.cumsum(times[:, negative], axis=1, out=negatives[:, 1:])
    won = np.sum(weight * (negatives[:, above] + negatives[:, level]), axis=1) / 2
    pairs = weight.sum(axis=1) * negatives[:, -1]
    # Without a pair there is no figure, and no figure passes the gate.
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def _summarise(resampled, tail):
    low, high = np.quantile(resampled[1:], [tail, 1 - tail])
    return Interval(float(resampled[0]), float(low), float(high))


def _measure_drift(before, after):
    edges = np.unique(np.quantile(before, np.arange(1, DRIFT_BINS) / DRIFT_BINS))
    return measure_drift(
        *(
            np.bincount(np.searchsorted(edges, part), minlength=len(edges) + 1)
            for part in (before, after)
        )
    )
