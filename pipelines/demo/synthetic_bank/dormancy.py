"""The hidden process by which customers fall dormant, pause, leave and come back."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.synthetic_bank.people import People
from pipelines.demo.synthetic_bank.seasons import (
    BRANCH,
    DAYS_PER_MONTH,
    NEVER,
    ONLINE,
    Calendar,
    stream,
)

# Who fades does so for one of four causes, early and then late.
FADING = ("drift", "salary", "service", "move")
STEADY, DORMANT, PAUSED, CLOSED = 0, 9, 10, 11
DRIFT, SALARY, SERVICE, MOVE = EARLY = range(1, 5)
LATE = range(5, 9)
# What is left of a customer's activity in each state.
ACTIVITY = np.array([1, 0.55, 0.45, 0.40, 0.50, 0.22, 0.18, 0.15, 0.20, 0, 0, 0])
LONG_WAIT, BRANCH_COMPLAINT, ONLINE_COMPLAINT, PHONE_COMPLAINT = range(4)

# Probabilities per month. What a steady customer does depends on the customer.
_DRIFTS, _LOSES_SALARY, _MOVES_AWAY = 0.0040, 0.0055, 0.0015
_STOPS_SUDDENLY, _PAUSES = 0.0040, 0.0280
RESENTS_INCIDENT = 0.08
_EARLY_TO_LATE, _EARLY_TO_STEADY = 0.35, 0.12
_LATE_TO_DORMANT, _LATE_TO_STEADY, _LATE_TO_CLOSED = 0.34, 0.08, 0.03
_DORMANT_TO_STEADY, _DORMANT_TO_CLOSED = 0.060, 0.025
_PAUSED_TO_STEADY, _PAUSED_TO_DORMANT = 0.42, 0.02
_MOVES_NEARBY = 0.006
_COMPLAINTS_PER_EVENT, _COMPLAINS_AFTER_WAIT = 0.002, 0.20
_COMPLAINS_BY_PHONE = 0.4  # of those who do so neither online nor after a wait
_BURN_IN_MONTHS = 36
SETTLING_DAYS = 60  # nobody leaves sooner after registering


@dataclass(frozen=True)
class Lives:
    """What became of the customers.

    A customer's hidden state changes once a month, on the day of month ``clock``.

    Attributes
    ----------
    states : ndarray of int, shape (n_customers, n_months + 1)
        Column ``m`` is what a customer is in as month ``m`` begins. It holds from the
        clock day of the month before to the clock day of month ``m``.
    incident_days : ndarray of int, shape (n_customers, n_months + 1)
        First long wait or complaint while the column holds, or ``NEVER``.
    closed : ndarray of int, shape (n_customers,)
        Day on which all accounts were closed, or ``NEVER``.
    incidents : dict of str to ndarray
        ``who``, ``day`` and ``kind`` of each long wait and complaint.
    moved : ndarray of int, shape (n_customers,)
        Day of the first removal to another address, or ``NEVER``.
    """

    states: np.ndarray
    incident_days: np.ndarray
    closed: np.ndarray
    incidents: dict[str, np.ndarray]
    moved: np.ndarray


def simulate_lives(seed: int, people: People, calendar: Calendar) -> Lives:
    """Run the process month by month, after years of burn-in."""
    rng = stream(seed, "lives")
    shape = (len(people), calendar.months + 1)
    states = np.empty(shape, dtype=np.int8)
    incident_days = np.empty(shape, dtype=np.int32)
    incidents = []
    states[:, 0] = _burn_in(rng, people)
    for month in range(calendar.months + 1):
        drawn = _draw_incidents(rng, people, states[:, month], calendar, month)
        incidents.append(drawn)
        days = np.full(len(people), NEVER)
        np.minimum.at(days, drawn["who"], drawn["day"])
        incident_days[:, month] = days
        if month < calendar.months:
            resents = np.where(days < NEVER, RESENTS_INCIDENT, 0)
            onset = find_onset(people, resents)
            new = step(rng, states[:, month], onset)
            settled = change_day(people, calendar, month) - SETTLING_DAYS
            states[:, month + 1] = np.where(people.registered > settled, STEADY, new)
    closed = _find_first(states == CLOSED, people, calendar)
    return Lives(
        states=states,
        incident_days=incident_days,
        closed=closed,
        incidents={
            key: np.concatenate([drawn[key] for drawn in incidents])
            for key in ("who", "day", "kind")
        },
        moved=_find_moves(rng, states, people, calendar, closed),
    )


def change_day(people: People, calendar: Calendar, month: int) -> np.ndarray:
    """Find the day of a month on which each customer's state changes."""
    return calendar.month_starts[month] + people.clock


def find_activity(
    lives: Lives, people: People, calendar: Calendar, who: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Look up what is left of each customer's activity on a day of the run or after."""
    month = np.searchsorted(calendar.month_starts, day, "right") - 1
    column = month + (day >= calendar.month_starts[month] + people.clock[who])
    return ACTIVITY[lives.states[who, np.minimum(column, calendar.months)]]


def find_onset(people: People, resents: np.ndarray) -> np.ndarray:
    """Find the probabilities of a steady customer's next state.

    Parameters
    ----------
    people : People
    resents : ndarray of shape (n_customers,)
        Probability that a long wait or a complaint makes the customer fade.

    Returns
    -------
    ndarray of shape (n_customers, n_states)
    """
    onset = np.zeros((len(people), len(ACTIVITY)))
    loyalty = np.exp(-0.5 * people.attachment)
    onset[:, DRIFT] = _DRIFTS * loyalty
    onset[:, SALARY] = _LOSES_SALARY * loyalty * people.is_salaried
    onset[:, SERVICE] = resents
    onset[:, MOVE] = _MOVES_AWAY
    onset[:, DORMANT] = _STOPS_SUDDENLY
    onset[:, PAUSED] = _PAUSES
    onset[:, STEADY] = 1 - onset.sum(axis=1)
    return onset


def expect_resentment(people: People) -> np.ndarray:
    """Find the probability a month that an incident to come makes a customer fade."""
    long_waits = people.rates[:, BRANCH] * share_of_long_waits(people)
    complaints = people.rates.sum(axis=1) * _COMPLAINTS_PER_EVENT
    return RESENTS_INCIDENT * _once(long_waits + complaints)


def share_of_long_waits(people: People) -> np.ndarray:
    """Give the long waits per ordinary visit: every fourth branch is crowded."""
    return np.where(people.branch % 4 == 1, 0.12, 0.02)


def rate_contacts(people: People, day: int) -> np.ndarray:
    """Give the events a month as on a day, long waits and complaints among them.

    Returns
    -------
    ndarray of shape (n_customers, n_channels)
    """
    rates = people.rates_on(day)
    rates[:, BRANCH] *= 1 + share_of_long_waits(people)
    return rates * (1 + _COMPLAINTS_PER_EVENT)


def build_transitions() -> np.ndarray:
    """Lay out the chances of each next state; the row of the steady one is left 0."""
    rows = np.zeros((len(ACTIVITY), len(ACTIVITY)))
    for early, late in zip(EARLY, LATE, strict=True):
        rows[early, [late, STEADY]] = _EARLY_TO_LATE, _EARLY_TO_STEADY
        rows[late, [DORMANT, STEADY, CLOSED]] = (
            _LATE_TO_DORMANT,
            _LATE_TO_STEADY,
            _LATE_TO_CLOSED,
        )
    rows[DORMANT, [STEADY, CLOSED]] = _DORMANT_TO_STEADY, _DORMANT_TO_CLOSED
    rows[PAUSED, [STEADY, DORMANT]] = _PAUSED_TO_STEADY, _PAUSED_TO_DORMANT
    stays = np.diag(1 - rows.sum(axis=1))
    stays[STEADY, STEADY] = 0
    return rows + stays


def step(rng: np.random.Generator, states: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Draw everybody's next state."""
    rows = build_transitions()[states]
    is_steady = states == STEADY
    rows[is_steady] = onset[is_steady]
    drawn = rng.random(len(states))[:, None]
    return (drawn >= np.cumsum(rows[:, :-1], axis=1)).sum(axis=1)


def _burn_in(rng: np.random.Generator, people: People) -> np.ndarray:
    """Reach a mixture of states that later months keep, with no account closed yet."""
    states = np.full(len(people), STEADY)
    onset = find_onset(people, expect_resentment(people))
    for months_left in range(_BURN_IN_MONTHS, 0, -1):
        new = step(rng, states, onset)
        is_there = people.registered < -months_left * DAYS_PER_MONTH - SETTLING_DAYS
        states = np.where(is_there & (new != CLOSED), new, states)
    return states


def believe_at_start(people: People) -> np.ndarray:
    """Find the probability of each state at the start, as :func:`_burn_in` draws it."""
    belief = np.zeros((len(people), len(ACTIVITY)))
    belief[:, STEADY] = 1
    onset = find_onset(people, expect_resentment(people))
    for months_left in range(_BURN_IN_MONTHS, 0, -1):
        moved = belief @ build_transitions() + belief[:, [STEADY]] * onset
        # Nobody has closed the accounts yet: who would have, stays.
        moved[:, CLOSED] = 0
        moved /= moved.sum(axis=1, keepdims=True)
        is_there = people.registered < -months_left * DAYS_PER_MONTH - SETTLING_DAYS
        belief = np.where(is_there[:, None], moved, belief)
    return belief


def _draw_incidents(
    rng: np.random.Generator,
    people: People,
    states: np.ndarray,
    calendar: Calendar,
    month: int,
) -> dict[str, np.ndarray]:
    begun = change_day(people, calendar, month - 1) if month else 0 * people.clock
    first = np.maximum(begun, people.registered + 1)
    end = np.minimum(change_day(people, calendar, month), calendar.days)
    rates = people.rates * ACTIVITY[states][:, None]
    waits = np.zeros_like(rates)
    waits[:, BRANCH] = rates[:, BRANCH] * share_of_long_waits(people)
    complaints = calendar.expose(rates * _COMPLAINTS_PER_EVENT, first, end)
    has_waited = rng.random(len(people)) < _once(calendar.expose(waits, first, end))
    chance = np.where(has_waited, _COMPLAINS_AFTER_WAIT, _once(complaints))
    complained = rng.random(len(people)) < chance
    # A period without a day has no incident, whatever day is drawn for it.
    end = np.maximum(end, 1)
    days = calendar.draw_days(rng, BRANCH, np.minimum(first, end - 1), end)
    digital = people.rates[:, ONLINE] / people.rates.sum(axis=1)
    is_online = (people.login_from <= days) & (rng.random(len(people)) < digital)
    is_by_phone = rng.random(len(people)) < _COMPLAINS_BY_PHONE
    kinds = np.select(
        [has_waited, is_online, is_by_phone],
        [BRANCH_COMPLAINT, ONLINE_COMPLAINT, PHONE_COMPLAINT],
        BRANCH_COMPLAINT,
    )
    who = np.concatenate([np.flatnonzero(has_waited), np.flatnonzero(complained)])
    kind = np.concatenate([np.full(has_waited.sum(), LONG_WAIT), kinds[complained]])
    return {"who": who, "day": days[who], "kind": kind}


def _once(expected: np.ndarray) -> np.ndarray:
    """Turn an expected number of events into the chance of at least one."""
    return 1 - np.exp(-expected)


def _find_first(is_so: np.ndarray, people: People, calendar: Calendar) -> np.ndarray:
    column = is_so.argmax(axis=1)
    days = calendar.month_starts[np.maximum(column - 1, 0)] + people.clock
    return np.where(is_so.any(axis=1), days, NEVER)


def _find_moves(
    rng: np.random.Generator,
    states: np.ndarray,
    people: People,
    calendar: Calendar,
    closed: np.ndarray,
) -> np.ndarray:
    is_moving = rng.random(states.shape) < _MOVES_NEARBY
    is_moving[:, 0] = False
    is_moving[:, 1:] |= (states[:, 1:] == MOVE) & (states[:, :-1] == STEADY)
    moved = _find_first(is_moving, people, calendar)
    return np.where((moved > people.registered) & (moved < closed), moved, NEVER)
