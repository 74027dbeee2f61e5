"""How sure is a figure? Scores measured, and what resampling people makes of it."""

from dataclasses import dataclass

import numpy as np

from models.assess.assessment import BIN_COUNT, split_evenly

DRAWS = 200
TAIL = 0.025  # beyond each end of an interval
PER_ROWS = 1000  # profit is stated for so many


@dataclass(frozen=True)
class Contacts:
    """How many can be contacted, and what that is worth.

    Attributes
    ----------
    capacity : float
        Share of the rows, in (0, 1].
    worth : tuple of float, optional
        What a positive contacted brings, and what a contact costs, in CNY. Without it
        there is no profit among the figures.
    """

    capacity: float
    worth: tuple[float, float] | None = None


def resample(label, scores, person, contacts, *, weight=None, random_state=0):
    """Measure scores on rows as they are, then on resamplings of their people.

    All scores are measured on the same resamplings, so that differences have intervals.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1, both present.
    scores : dict of str to ndarray of shape (n_rows,)
        By name.
    person : ndarray of shape (n_rows,)
        Numbers from 0. Rows of one person are drawn together.
    contacts : Contacts
        At which capacity lift, precision and profit are stated.
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks. It is drawn as one.
    random_state : int, default=0
        Seed of the draws.

    Returns
    -------
    dict of str to dict of str to ndarray of shape (1 + DRAWS,)
        By name of the score and of the figure, its value and then the draws.
    """
    weight = np.ones(len(label)) if weight is None else weight
    sorted_scores = {
        name: _Sorted(label, score, weight) for name, score in scores.items()
    }
    random, count = np.random.default_rng(random_state), person.max() + 1
    rows = {name: [] for name in scores}
    for draw in range(1 + DRAWS):
        times = np.ones(count)
        if draw:
            times = np.bincount(random.integers(count, size=count), minlength=count)
        drawn = times[person] * weight
        # A draw without a positive has no figure, and is left out of the interval.
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, of in sorted_scores.items():
                rows[name].append(of.measure(drawn, contacts))
    return {
        name: {key: np.array([row[key] for row in measured]) for key in measured[0]}
        for name, measured in rows.items()
    }


def summarise(drawn):
    """Give a figure's value, and the ends of the interval that holds 95 % of its draws.

    Examples
    --------
    >>> summarise(np.array([0.5, *np.linspace(0, 1, 201)]))
    (0.5, 0.025, 0.975)
    """
    low, high = np.nanquantile(drawn[1:], [TAIL, 1 - TAIL])
    return float(drawn[0]), round(float(low), 12), round(float(high), 12)


class _Sorted:
    """A score in falling order, whose figures for any weights are sums along it."""

    def __init__(self, label, score, weight):
        self.order = np.argsort(score, kind="stable")[::-1]
        self.label, self.score = label[self.order], score[self.order]
        # Rows of one score share a step.
        self.steps = np.flatnonzero(np.r_[True, self.score[1:] != self.score[:-1]])
        self.is_probability = score.min() >= 0 and score.max() <= 1
        self.step = np.repeat(
            np.arange(len(self.steps)), np.diff(np.r_[self.steps, len(score)])
        )
        # In rising order, as `bin_by_probability` has them.
        self.bin = split_evenly(weight[self.order][::-1])[::-1]

    def measure(self, weight, contacts):
        weight = weight[self.order]
        positive = np.add.reduceat(weight * self.label, self.steps)
        everybody = np.add.reduceat(weight, self.steps)
        found, asked = positive.cumsum(), everybody.cumsum()
        total, count = found[-1], asked[-1]
        others = count - total
        figures = {
            "auc": np.sum((everybody - positive) * (found - positive / 2))
            / (total * others),
            "average_precision": np.sum(positive * found / np.maximum(asked, 1))
            / total,
            "ks": np.max(found / total - (asked - found) / others),
        }
        shares = np.arange(1, BIN_COUNT + 1) / BIN_COUNT
        gains = self._reach(shares, found, asked)
        figures |= {
            f"gain_in_top_{share * 100:.0f}_percent": gain
            for share, gain in zip(shares, gains, strict=True)
        }
        figures |= {
            f"lift_in_decile_{place}": BIN_COUNT * gain
            for place, gain in enumerate(np.diff(gains, prepend=0), start=1)
        }
        capacity = contacts.capacity
        lift = self._reach(capacity, found, asked) / capacity
        precision = lift * total / count
        figures |= {
            "lift_at_half_capacity": self._reach(capacity / 2, found, asked)
            / (capacity / 2),
            "lift_at_capacity": lift,
            "precision_at_capacity": precision,
            "contact_capacity": capacity,
        }
        if contacts.worth:
            value, cost = contacts.worth
            figures["profit_cny_per_1000"] = (
                PER_ROWS * capacity * (precision * value - cost)
            )
        return figures | self._judge_probabilities(weight, positive, everybody)

    @staticmethod
    def _reach(share, found, asked):
        """Share of positives reached; where a step is cut, by its average."""
        reached = np.interp(
            np.asarray(share) * asked[-1], np.r_[0, asked], np.r_[0, found]
        )
        return reached / found[-1]

    def _judge_probabilities(self, weight, positive, everybody):
        if not self.is_probability:
            return {}
        count = weight.sum()
        # Rows of one probability have one label, their mean, whatever their order.
        mean = (positive / np.maximum(everybody, 1))[self.step]
        said = np.bincount(self.bin, weight * self.score)
        seen = np.bincount(self.bin, weight * mean)
        return {
            "brier": np.sum(weight * (self.score - self.label) ** 2) / count,
            "calibration_error": np.abs(said - seen).sum() / count,
        }
