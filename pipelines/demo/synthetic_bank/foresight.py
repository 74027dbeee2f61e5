"""What could be foreseen: the best belief about hidden states, from what shows."""

from collections.abc import Iterable, Iterator

import numpy as np

from pipelines.demo.synthetic_bank.accounts import (
    DRAIN,
    NOISE,
    STICKS,
    WINDFALL,
    WINDFALL_CHANCE,
)
from pipelines.demo.synthetic_bank.appetite import gets_salary, look_ahead
from pipelines.demo.synthetic_bank.arrivals import draw_arrivals, is_in_month
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import (
    ACTIVITY,
    CLOSED,
    DORMANT,
    LATE,
    RESENTS_INCIDENT,
    SALARY,
    SETTLING_DAYS,
    STEADY,
    believe_at_start,
    build_transitions,
    change_day,
    find_onset,
    rate_contacts,
)
from pipelines.demo.synthetic_bank.fortunes import (
    CAN_GATHER,
    FORTUNE_STAGES,
    GATHERED,
    RAISED,
    believe_in_stages,
    build_steps,
)
from pipelines.demo.synthetic_bank.people import weigh_pace
from pipelines.demo.synthetic_bank.postings import (
    LOG_GATHERED,
    LOG_TRANSFER,
    SPREAD_GATHERED,
    SPREAD_TRANSFER,
    TRANSFERS,
    TRANSFERS_GATHERED,
    receive_transfers,
)
from pipelines.demo.synthetic_bank.products import (
    START_SPREAD,
    weigh_normal,
    weigh_usual,
)
from pipelines.demo.synthetic_bank.seasons import CHANNELS, NEVER, stream

# Nothing is ruled out altogether: an account that opens brings visits of its own.
_NEARLY_NOUGHT = 1e-9
# Paces that are held possible, relative to the true one. That it is among them makes no
# difference but to who came often, whose pace is known in any case.
PACES = 2.0 ** np.linspace(-3, 3, 11)
# What may be usual in a current account, on a log scale, relative to what is.
OFFSETS = np.linspace(-1.4, 1.4, 9)
_WITHOUT_SALARY = np.isin(np.arange(len(ACTIVITY)), [SALARY, LATE[SALARY - 1], DORMANT])


def watch(bank: Bank) -> Iterator[np.ndarray]:
    """Follow a forecaster who knows all but what is hidden and what is to come.

    The forecaster knows the process, how pace varies among customers and every other
    trait, sees each contact, each salary that comes or fails to come and each account
    closed, and believes what follows by Bayes' rule, of a customer's pace as well.
    Nobody who sees what the bank sees can foresee more, but for the hints of balances.
    The hidden state itself says more, and nobody sees it.

    Yields
    ------
    ndarray of shape (n_customers, n_paces, n_states)
        Belief in each of ``PACES`` together with each state as each month begins, the
        one after the last included.
    """
    calendar, people, lives = bank.calendar, bank.people, bank.lives
    belief = believe_at_start(people)[:, None] * weigh_pace(people, PACES)[:, :, None]
    is_steady = np.arange(len(ACTIVITY)) == STEADY
    for month in range(calendar.months):
        yield belief
        begins, ends = calendar.month_starts[month : month + 2]
        changes = change_day(people, calendar, month)
        early, late = _count_contacts(bank, month, changes)
        is_paid_early = people.payday < people.clock
        belief = _learn(bank, belief, early, (begins, changes))
        belief = _learn_salary(bank, belief, month, is_paid_early)
        has_incident = lives.incident_days[:, month] < NEVER
        resents = np.where(has_incident, RESENTS_INCIDENT, 0)
        moved = move(belief, find_onset(people, resents)[:, None])
        is_new = people.registered > changes - SETTLING_DAYS
        settling = belief.sum(axis=2, keepdims=True) * is_steady
        belief = np.where(is_new[:, None, None], settling, moved)
        belief = _learn(bank, belief, late, (changes, ends))
        belief = _learn_salary(bank, belief, month + 1, ~is_paid_early)
        belief = _learn_closing(belief, lives.closed < ends)
    yield belief


def watch_balances(bank: Bank, beliefs: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Follow a forecaster who learns what is usual for whom, and who gathers money.

    The forecaster knows the process, sees each balance, salary, purchase and transfer,
    and believes what follows by Bayes' rule.

    Parameters
    ----------
    bank : Bank
    beliefs : iterable of ndarray of shape (n_customers, n_states)
        What is believed of hidden states as each month begins.

    Yields
    ------
    ndarray of shape (n_customers, n_usual, n_stages)
        Belief in each of ``OFFSETS`` together with each stage, as each month begins.
    """
    fortunes = bank.accounts.fortunes
    usual = bank.accounts.usual[:, None] + OFFSETS
    stages = believe_in_stages(fortunes.turns[0])
    belief = weigh_usual(bank.people, usual)[:, :, None] * stages[:, None]
    for month, lives in enumerate(beliefs):
        yield belief
        if month < bank.calendar.months:
            is_known = bank.people.registered < bank.calendar.month_starts[month + 1]
            seen = _weigh_balance(bank, month, usual, lives)
            seen = seen * _weigh_transfers(bank, month, lives)[:, None]
            learnt = _normalise(belief * np.where(is_known[:, None, None], seen, 1))
            belief = learnt @ build_steps(fortunes.turns[month])


def expect_change(bank: Bank, lives: np.ndarray, raised: np.ndarray) -> np.ndarray:
    """Expect what a month changes in the log of each current account.

    Parameters
    ----------
    bank : Bank
    lives : ndarray of shape (n_customers, n_states)
        Probability of each hidden state.
    raised : ndarray of shape (n_customers,)
        Probability that the salary has been raised.

    Returns
    -------
    ndarray of shape (n_customers,)
        Without what is gathered.
    """
    is_paid = bank.people.is_salaried * (1 - lives @ _WITHOUT_SALARY)
    return lives @ DRAIN + RAISED * raised * is_paid


def move(belief: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Move beliefs a month on; ``onset`` as :func:`dormancy.find_onset` gives it."""
    return belief @ build_transitions() + belief[..., [STEADY]] * onset


def expect_opening(appetites: np.ndarray, belief: np.ndarray) -> np.ndarray:
    """Find the probability of an account within 90 days, given what is believed.

    Parameters
    ----------
    appetites : ndarray of shape (n_customers, n_families)
        The chance to decide for it within the month, were the customer steady.
    belief : ndarray of shape (n_customers, n_states)

    Returns
    -------
    ndarray of shape (n_customers, n_families)
    """
    by_state = look_ahead(appetites[:, :, None] * ACTIVITY)
    return (by_state * belief[:, None, :]).sum(axis=2)


def _count_contacts(
    bank: Bank, month: int, changes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Count each customer's contacts in a month, before the state changes and after."""
    incidents = bank.lives.incidents
    is_now = is_in_month(bank, month, incidents["day"])
    events = [(incidents["who"][is_now], incidents["day"][is_now])]
    for channel, name in enumerate(CHANNELS):
        # The same draw that `channels` and `calls` begin the month's events with.
        drawn = draw_arrivals(bank, stream(bank.seed, name, month), month, channel)
        events.append((drawn["who"], drawn["day"]))
    who, day = (np.concatenate(columns) for columns in zip(*events, strict=True))
    is_early = day < changes[who]
    size = len(changes)
    return (
        np.bincount(who[is_early], minlength=size),
        np.bincount(who[~is_early], minlength=size),
    )


def _learn(
    bank: Bank, belief: np.ndarray, counts: np.ndarray, window: tuple
) -> np.ndarray:
    """Update beliefs by how many contacts came where so many were to be expected."""
    first, end = np.broadcast_arrays(*window)
    first = np.maximum(first, bank.people.registered + 1)
    rates = rate_contacts(bank.people, int(np.max(end)))
    expected = bank.calendar.expose(rates, first, end)[:, None, None]
    relative = PACES[:, None] * ACTIVITY
    logs = counts[:, None, None] * np.log(np.maximum(relative, _NEARLY_NOUGHT))
    logs -= expected * relative
    logs -= logs.max(axis=(1, 2), keepdims=True)
    return _normalise(belief * np.exp(logs, out=logs))


def _learn_salary(
    bank: Bank, belief: np.ndarray, column: int, is_known: np.ndarray
) -> np.ndarray:
    """Update beliefs of those whose salary was due by whether it came."""
    comes = gets_salary(bank.people, bank.lives.states[:, column])
    is_due = bank.people.is_salaried & is_known
    differs = is_due[:, None] & (comes[:, None] == _WITHOUT_SALARY)
    return _normalise(belief * np.where(differs, _NEARLY_NOUGHT, 1)[:, None])


def _learn_closing(belief: np.ndarray, is_closed: np.ndarray) -> np.ndarray:
    is_closing = np.arange(len(ACTIVITY)) == CLOSED
    is_possible = (is_closed[:, None] == is_closing)[:, None]
    return _normalise(np.where(is_possible, np.maximum(belief, _NEARLY_NOUGHT), 0))


def _weigh_balance(
    bank: Bank, month: int, usual: np.ndarray, lives: np.ndarray
) -> np.ndarray:
    """Weigh what may be usual, and each stage, by what a month changed."""
    accounts, registered = bank.accounts, bank.people.registered
    is_first = (month == 0) | (registered >= bank.calendar.month_starts[month])
    cash = np.log(accounts.cash[:, [max(month - 1, 0), month]].astype(float))
    off = np.where(is_first[:, None], 0, cash[:, [0]] - usual)
    off = off + accounts.moved[:, [month]]
    change = expect_change(bank, lives, accounts.fortunes.is_raised(month))
    gathered = GATHERED * (lives @ CAN_GATHER)[:, None]
    expected = (usual + STICKS * off + change[:, None])[:, :, None] + gathered[:, None]
    error = cash[:, 1][:, None, None] - expected
    spread = np.where(is_first, np.hypot(NOISE, STICKS * START_SPREAD), NOISE)
    weights = [
        chance * weigh_normal(error, height, spread[:, None, None])
        for chance, height in ((1 - WINDFALL_CHANCE, 0), (WINDFALL_CHANCE, WINDFALL))
    ]
    return sum(weights) + _NEARLY_NOUGHT


def _weigh_transfers(bank: Bank, month: int, lives: np.ndarray) -> np.ndarray:
    """Weigh each stage by the transfers of a month, relative to the usual ones."""
    events = receive_transfers(bank, month)
    logs = np.log(np.maximum(events["amount"], 0.01))[:, None]
    usual = TRANSFERS * weigh_normal(logs, LOG_TRANSFER, SPREAD_TRANSFER)
    gathered = TRANSFERS_GATHERED * weigh_normal(logs, LOG_GATHERED, SPREAD_GATHERED)
    told = np.zeros((len(bank.people), len(FORTUNE_STAGES)))
    np.add.at(told, events["who"], np.log1p(gathered / usual))
    gathers = (lives @ CAN_GATHER)[:, None]
    return gathers * np.exp(told - TRANSFERS_GATHERED) + (1 - gathers)


def _normalise(belief: np.ndarray) -> np.ndarray:
    return belief / belief.sum(axis=(1, 2), keepdims=True)
