"""The hidden process by which customers grow: a better salary, and money gathered here.

Both show before the balance does. The salary that comes is higher; and who turns to
this bank pays in small sums from elsewhere first, and large ones some months later. A
first investment shows even before that: it makes some turn to the bank.
"""

import numpy as np

from pipelines.demo.synthetic_bank.appetite import FUND, WEALTH, gets_salary, is_aged
from pipelines.demo.synthetic_bank.dormancy import ACTIVITY, PAUSED, STEADY
from pipelines.demo.synthetic_bank.people import People
from pipelines.demo.synthetic_bank.seasons import NEVER, Calendar, stream

USUAL, TURNING, GATHERING = FORTUNE_STAGES = range(3)
# What a month adds to the log of the current account, by stage, and after a raise. It
# is used up again as any other deviation from the usual is.
GATHERED = np.array([0, 0, 0.48])
RAISED = 0.12
# By hidden state: nobody who fades gathers anything.
CAN_GATHER = np.isin(np.arange(len(ACTIVITY)), [STEADY, PAUSED])
# Probabilities per month, but for the first step: that depends on the customer.
_STEPS = np.array([[0, 0, 0], [0.10, 0.55, 0.35], [0.20, 0, 0.80]])
_TURNS, _GETS_RAISE, _GETS_RAISE_WHEN_OLDER = 0.010, 0.010, 0.004
# How many times as often who has a savings plan, is of the age to save, or has just
# begun to invest turns to the bank.
_SAVES, _IS_OF_AGE, _HAS_BEGUN_TO_INVEST = 2.0, 1.5, 6.0
_BEGUN_DAYS = 92
_OLDER = 45
_RAISE = (0.32, 0.10)  # normal on a log scale
_MONTHS_BEFORE = 24  # raises before the start that still have an effect
_BURN_IN_MONTHS = 24
_HAS_STANDING_ORDER = 0.30


class Fortunes:
    """Whose salary was raised, and who gathers money here, month by month.

    Attributes
    ----------
    raised : ndarray of int, shape (n_customers,)
        The first month of a higher salary, late for most. It rises once at most.
    factor : ndarray of float, shape (n_customers,)
        By which it rises.
    stages : ndarray of int, shape (n_months + 1, n_customers)
        Of gathering, in each month.
    turns : ndarray of float, shape (n_months + 1, n_customers)
        The probability that who is in the usual stage turns to the bank next month.
    """

    def __init__(self, seed: int, people: People, calendar: Calendar):
        self._rng = stream(seed, "fortunes")
        self._people = people
        self._saves = has_standing_order(draw_habits(seed, people, "standing_order"))
        size = len(people)
        waits = self._rng.geometric(expect_raise(people)) - _MONTHS_BEFORE
        self.raised = np.where(people.is_salaried, waits, NEVER)
        self.factor = np.exp(self._rng.normal(*_RAISE, size))
        self.stages = np.empty((calendar.months + 1, size), dtype=np.int8)
        self.turns = np.empty((calendar.months + 1, size), dtype=np.float32)

    def go_on(self, month: int, opened: np.ndarray, day: int) -> None:
        """Draw everybody's stage in a month.

        Parameters
        ----------
        month : int
        opened : ndarray of int, shape (n_customers, n_families)
            Day on which what is held was opened.
        day : int
            On which the month begins.
        """
        newest = opened[:, [WEALTH, FUND]]
        has_begun = ((newest < day) & (newest >= day - _BEGUN_DAYS)).any(axis=1)
        factor = np.where(self._saves, _SAVES, 1.0)
        factor *= np.where(is_aged(self._people.age, 35, 60), _IS_OF_AGE, 1.0)
        factor *= np.where(has_begun, _HAS_BEGUN_TO_INVEST, 1.0)
        self.turns[month] = _TURNS * factor
        if month:
            chances = build_steps(self.turns[month - 1])
            chances = chances[np.arange(len(factor)), self.stages[month - 1]]
        else:
            chances = believe_in_stages(self.turns[0])
        drawn = self._rng.random(len(factor))[:, None]
        self.stages[month] = (drawn >= np.cumsum(chances[:, :-1], axis=1)).sum(axis=1)

    def rise(self, month: int, states: np.ndarray) -> np.ndarray:
        """Give what a month adds to the log of each current account."""
        raised = self.is_raised(month) & gets_salary(self._people, states)
        return RAISED * raised + CAN_GATHER[states] * GATHERED[self.stages[month]]

    def is_raised(self, month: int) -> np.ndarray:
        """Say whose salary of a month is the higher one."""
        return self.raised <= month


def build_steps(turns: np.ndarray) -> np.ndarray:
    """Lay out the probabilities of each next stage.

    Parameters
    ----------
    turns : ndarray of shape (n_customers,)

    Returns
    -------
    ndarray of shape (n_customers, n_stages, n_stages)
    """
    steps = np.repeat(_STEPS[None], len(turns), axis=0)
    steps[:, USUAL, USUAL] = 1 - turns
    steps[:, USUAL, TURNING] = turns
    return steps


def believe_in_stages(turns: np.ndarray) -> np.ndarray:
    """Find the probability of each stage as the run begins, as often as later on."""
    steps, belief = build_steps(turns), np.zeros((len(turns), len(FORTUNE_STAGES)))
    belief[:, USUAL] = 1
    for _ in range(_BURN_IN_MONTHS):
        belief = (belief[:, None] @ steps)[:, 0]
    return belief


def expect_raise(people: People) -> np.ndarray:
    """Give the probability a month of a raise, for who is salaried and had none."""
    return np.where(people.age < _OLDER, _GETS_RAISE, _GETS_RAISE_WHEN_OLDER)


def draw_habits(seed: int, people: People, name: str) -> np.ndarray:
    """Draw one number for each customer, the same in every month."""
    return stream(seed, "habits", name).random(len(people))


def has_standing_order(habit: np.ndarray) -> np.ndarray:
    """Say who pays a rent or a savings plan by itself."""
    return habit < _HAS_STANDING_ORDER
