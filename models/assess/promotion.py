"""May a challenger become the champion? Decided from evidence alone."""

import math
from dataclasses import dataclass

from models.assess.comparison import CHAMPION, RULE

REFUSED, KEPT, PASSED = "refused", "kept", "passed"


@dataclass(frozen=True)
class Bounds:
    """What a challenger has to keep to.

    Attributes
    ----------
    least_auc : float
        Below, contacting whom it names is hardly better than contacting anybody.
    margin : float
        By how much the lower end of the difference in AUC must be above zero.
    tail : float
        Share of resamplings below that end.
    cut_off_share : float
        On which share of the cut-offs; on the latest always. In (0, 1].
    most_calibration_error, most_calibration_gap : float
        Of all rows, and of the group they fit worst: as a share of what happened.
    most_auc_gap : float
        Between the group it ranks best and the one it ranks worst.
    most_drift : float
        Population stability index of its probabilities since it was calibrated.
    """

    least_auc: float
    margin: float
    tail: float
    cut_off_share: float
    most_calibration_error: float
    most_calibration_gap: float
    most_auc_gap: float
    most_drift: float


@dataclass(frozen=True)
class Decision:
    """What comes of a challenge, and why.

    Attributes
    ----------
    outcome : str
        ``"refused"``: nobody should use it. ``"kept"``: it may be good, but the
        champion is not clearly worse. ``"passed"``: a person may approve it.
    reasons : list of str
        Parts of a sentence.
    """

    outcome: str
    reasons: list[str]


def decide(evidence, bounds):
    """Decide whether a challenger is good enough to be put before a person.

    Every condition says what must hold, so that a figure which could not be computed
    refuses; but groups too small to compare are named, for the person who approves.

    Parameters
    ----------
    evidence : Evidence
    bounds : Bounds

    Returns
    -------
    Decision
    """
    if faults := _find_faults(evidence, bounds):
        return Decision(REFUSED, faults)
    comparisons = evidence.comparisons
    if not _is_better(comparisons, RULE, bounds):
        return Decision(REFUSED, [_describe(comparisons, RULE, bounds)])
    rivals = [name for name in comparisons[-1].over if name != RULE]
    if rivals and not _is_better(comparisons, CHAMPION, bounds):
        return Decision(KEPT, [_describe(comparisons, CHAMPION, bounds)])
    reasons = [_describe(comparisons, name, bounds) for name in (RULE, *rivals)]
    return Decision(PASSED, [*reasons, *_find_unknowns(evidence)])


def count_better(comparisons, rival, margin):
    """Count the cut-offs on which the lower end of the difference is above a margin."""
    return sum(of.over[rival].low > margin for of in comparisons)


def count_needed(comparisons, bounds):
    """Count the cut-offs on which a challenger has to be better.

    Examples
    --------
    >>> bounds = Bounds(0.55, 0, 0.1, 0.6, 0.5, 0.5, 0.15, 0.25)
    >>> [count_needed([None] * count, bounds) for count in (1, 2, 3, 4, 5)]
    [1, 2, 2, 3, 3]
    """
    return math.ceil(bounds.cut_off_share * len(comparisons))


def _is_better(comparisons, rival, bounds):
    enough = count_needed(comparisons, bounds)
    return (
        comparisons[-1].over[rival].low > bounds.margin
        and count_better(comparisons, rival, bounds.margin) >= enough
    )


def _describe(comparisons, rival, bounds):
    over = comparisons[-1].over[rival]
    better = count_better(comparisons, rival, bounds.margin)
    return (
        f"AUC over that of the {rival} by {over.value:+.3f} "
        f"({over.low:+.3f} to {over.high:+.3f}) on {comparisons[-1].as_of_date}, "
        f"clearly on {better} of {len(comparisons)} cut-offs"
    )


def _find_faults(evidence, bounds):
    """Say what no bank should use, whether there is a champion or not."""
    auc, faults = evidence.comparisons[-1].auc.value, []
    if not 0 <= evidence.lowest < evidence.highest <= 1:
        faults.append("it gives no probabilities, or the same to everybody")
    if not auc >= bounds.least_auc:
        faults.append(f"its AUC is {auc:.3f}, below {bounds.least_auc}")
    if not evidence.drift <= bounds.most_drift:
        faults.append(
            f"its scores have drifted by {evidence.drift:.2f} since they were "
            f"calibrated, over {bounds.most_drift}"
        )
    return faults + _find_untruths(evidence, bounds) + _find_gaps(evidence, bounds)


def _find_untruths(evidence, bounds):
    shares = [("", evidence.calibration_error, bounds.most_calibration_error)]
    for name, gap in evidence.calibration_gaps.items():
        shares.append((f" for a group by {name}", gap, bounds.most_calibration_gap))
    return [
        f"its probabilities are off{whom} by {share:.0%} of what happened, over "
        f"{most:.0%}"
        for whom, share, most in shares
        if share is not None and not share <= most
    ]


def _find_unknowns(evidence):
    """Say what a person has to judge, since too few were there to measure it."""
    return [
        f"whether it ranks alike by {name} is not known, for fewer than two groups are "
        "large enough"
        for name, gap in evidence.auc_gaps.items()
        if gap is None
    ]


def _find_gaps(evidence, bounds):
    return [
        f"its AUC differs by {gap:.3f} between groups by {name}, over "
        f"{bounds.most_auc_gap}"
        for name, gap in evidence.auc_gaps.items()
        if gap is not None and not gap <= bounds.most_auc_gap
    ]
