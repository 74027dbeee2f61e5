"""Which accounts customers open and close, month by month."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.synthetic_bank.appetite import (
    FAMILIES,
    LOAN,
    TIME_DEPOSIT,
    decide,
    look_ahead,
)
from pipelines.demo.synthetic_bank.dormancy import (
    ACTIVITY,
    DORMANT,
    LATE,
    PAUSED,
    SALARY,
    STEADY,
    Lives,
    find_activity,
)
from pipelines.demo.synthetic_bank.fortunes import Fortunes
from pipelines.demo.synthetic_bank.people import People
from pipelines.demo.synthetic_bank.products import (
    ACCOUNT_COLUMNS,
    CONSUMER_LOAN_MONTHS,
    CUR01,
    CUR02,
    Portfolio,
)
from pipelines.demo.synthetic_bank.seasons import BRANCH, Calendar, stream

# By family: the share that holds it at the start, and since how many days at most.
_HELD_AT_START = np.array([0.15, 0.30, 0.14, 0.08, 0.08, 0.08])
_OLDEST_AT_START = np.array([364, 4000, 1000, 900, 1500, 3000])
_TRAVELS = 0.04  # holds a foreign-currency account
# Probability a month that a holder ends it. A time deposit ends on its day, a credit
# card with its customer.
_ENDS = np.array([0.0, 0.0, 0.006, 0.015, 0.020, 0.005])
_IS_RENEWED = 0.4
_LAG_DAYS = 10  # an account opens within so many days of the decision
_SETTLING_DAYS = 31
_TERM_DAYS = 365
# The current account on a log scale: what is left of a deviation after a month, how it
# is drained in each hidden state, and now and then a windfall.
STICKS, NOISE, WINDFALL, WINDFALL_CHANCE = 0.88, 0.25, 1.3, 0.015
DRAIN = np.full(len(ACTIVITY), -0.06)
DRAIN[[STEADY, PAUSED]] = 0
DRAIN[LATE] = -0.15
DRAIN[[SALARY, LATE[SALARY - 1], DORMANT]] = -0.40, -0.50, -0.35


@dataclass(frozen=True)
class Accounts:
    """All accounts of a run, as arrays of their length, and what follows from them.

    Attributes
    ----------
    who, product : ndarray of int
        Positions in ``People`` and ``PRODUCTS``.
    decided, opened, closed : ndarray of int
        Days; ``decided`` is ``NEVER`` for what nobody had to think about.
    principal : ndarray of float
        Paid in, lent, or the limit, in the account's currency.
    is_online : ndarray of bool
        Whether it was opened in online banking.
    cash : ndarray of shape (n_customers, n_months)
        Balance of each customer's current account as each month ends, in CNY.
    propensities : ndarray of shape (n_months + 1, n_customers, n_families)
        True probability of opening within 90 days of each month's beginning, NaN where
        the family is held.
    appetites : ndarray of shape (n_months + 1, n_customers, n_families)
        The chance to decide for it within the month, were the customer steady.
    usual : ndarray of shape (n_customers,)
        Log of what the current account holds where nothing has happened lately.
    moved : ndarray of shape (n_customers, n_months)
        What purchases and endings changed in each month in the log of the current
        account; of the first, also those before the start.
    fortunes : Fortunes
        Who grows.
    """

    who: np.ndarray
    product: np.ndarray
    decided: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    principal: np.ndarray
    is_online: np.ndarray
    cash: np.ndarray
    propensities: np.ndarray
    appetites: np.ndarray
    usual: np.ndarray
    moved: np.ndarray
    fortunes: Fortunes

    def __len__(self) -> int:
        return len(self.who)


def simulate_accounts(
    seed: int, people: People, lives: Lives, calendar: Calendar
) -> Accounts:
    """Let customers open and close accounts month by month."""
    rng = stream(seed, "accounts")
    portfolio = Portfolio(rng, people, lives)
    fortunes = Fortunes(seed, people, calendar)
    before = portfolio.excess.copy()
    _open_current_accounts(portfolio)
    _open_stock(portfolio)
    is_stock = people.registered < 0
    level = _average(np.exp(portfolio.reason(0)), is_stock[:, None] & ~portfolio.holds)
    cash = np.empty((len(people), calendar.months), dtype=np.float32)
    moved = np.empty((len(people), calendar.months), dtype=np.float32)
    shape = calendar.months + 1, *portfolio.account.shape
    propensities = np.empty(shape, dtype=np.float32)
    appetites = np.empty(shape, dtype=np.float32)
    for month in range(calendar.months + 1):
        states = lives.states[:, month]
        appetite = appetites[month] = decide(portfolio.reason(month), level)
        chance = appetite * ACTIVITY[states][:, None]
        chance[portfolio.holds] = 0
        begins = calendar.month_starts[month]
        is_open = (people.registered < begins) & (lives.closed >= begins)
        chance[~is_open] = 0
        known = np.where(portfolio.opened < begins, np.nan, 1)
        propensities[month] = np.where(portfolio.holds, known, look_ahead(chance))
        fortunes.go_on(month, portfolio.opened, begins)
        if month < calendar.months:
            _end_some(portfolio, calendar, month)
            _open_some(portfolio, calendar, month, chance)
            moved[:, month] = portfolio.excess - before
            _drift(portfolio, states, fortunes.rise(month, states))
            cash[:, month] = portfolio.cash
            before = portfolio.excess.copy()
    return _collect(
        portfolio,
        cash=cash,
        moved=moved,
        propensities=propensities,
        appetites=appetites,
        fortunes=fortunes,
    )


def _open_current_accounts(portfolio: Portfolio) -> None:
    """Give everybody a current account, and some a second one in foreign currency."""
    people, rng = portfolio.people, portfolio.rng
    everyone = np.arange(len(people))
    portfolio.append(everyone, CUR01, people.registered, 0)
    opened = people.registered + rng.integers(30, 2000, len(people))
    travels = (rng.random(len(people)) < _TRAVELS) & (opened < 0)
    who = np.flatnonzero(travels)
    portfolio.append(who, CUR02, opened[who], np.round(portfolio.cash[who] / 20, 2))


def _open_stock(portfolio: Portfolio) -> None:
    """Give customers what they held before the start, one family after the other."""
    people, rng = portfolio.people, portfolio.rng
    is_stock = people.registered < -_SETTLING_DAYS
    for family in range(len(FAMILIES)):
        appeal = np.exp(portfolio.reason(0)[:, family])
        level = _average(appeal, is_stock)
        chance = np.minimum(_HELD_AT_START[family] * appeal / level, 0.9)
        who = np.flatnonzero(is_stock & (rng.random(len(people)) < chance))
        oldest = np.maximum(people.registered[who] + 1, -_OLDEST_AT_START[family])
        opened = rng.integers(oldest, 0)
        portfolio.open_accounts(who, np.full(len(who), family), opened)


def _end_some(portfolio: Portfolio, calendar: Calendar, month: int) -> None:
    rng, lives = portfolio.rng, portfolio.lives
    begins, ends = calendar.month_starts[month : month + 2]
    is_settled = portfolio.holds & (portfolio.opened < begins - _SETTLING_DAYS)
    day = calendar.draw_days_of_month(rng, BRANCH, month, is_settled.size)
    day = day.reshape(is_settled.shape)
    ending = is_settled & (rng.random(is_settled.shape) < _ENDS)
    terms = (ends - 1 - portfolio.opened[:, TIME_DEPOSIT]) // _TERM_DAYS
    matures = portfolio.opened[:, TIME_DEPOSIT] + terms * _TERM_DAYS
    is_mature = (terms >= 1) & (matures >= begins)
    is_mature &= rng.random(len(terms)) >= _IS_RENEWED
    ending[:, TIME_DEPOSIT] = is_settled[:, TIME_DEPOSIT] & is_mature
    day[:, TIME_DEPOSIT] = matures
    # A mortgage outlives every run; no account outlives its customer.
    repaid = portfolio.opened[:, LOAN] + CONSUMER_LOAN_MONTHS * 30
    is_short = portfolio.principal[:, LOAN] < portfolio.people.income
    ending[:, LOAN] |= is_settled[:, LOAN] & is_short & (repaid < ends)
    ending &= day < lives.closed[:, None]
    who, family = np.nonzero(ending)
    portfolio.end_accounts(who, family, day[who, family])


def _open_some(
    portfolio: Portfolio, calendar: Calendar, month: int, chance: np.ndarray
) -> None:
    rng, lives, people = portfolio.rng, portfolio.lives, portfolio.people
    who, family = np.nonzero(rng.random(chance.shape) < chance)
    decided = calendar.draw_days_of_month(rng, BRANCH, month, len(who))
    opened = decided + rng.integers(0, _LAG_DAYS, len(who))
    # Whoever falls dormant in between does not come to open it.
    is_kept = find_activity(lives, people, calendar, who, opened) > 0
    portfolio.open_accounts(
        who[is_kept], family[is_kept], opened[is_kept], decided[is_kept]
    )


def _drift(portfolio: Portfolio, states: np.ndarray, rise: np.ndarray) -> None:
    """Move current accounts a month on: back to the usual, drained or filled."""
    rng = portfolio.rng
    noise = NOISE * rng.standard_normal(len(states))
    windfall = WINDFALL * (rng.random(len(states)) < WINDFALL_CHANCE)
    change = noise + windfall + DRAIN[states] + rise
    portfolio.excess = STICKS * portfolio.excess + change


def _collect(portfolio: Portfolio, **by_month: object) -> Accounts:
    columns = {
        field: np.concatenate([chapter[field] for chapter in portfolio.chapters])
        for field in ACCOUNT_COLUMNS
    }
    closed = portfolio.lives.closed[columns["who"]]
    for numbers, day in portfolio.endings:
        closed[numbers] = day
    return Accounts(closed=closed, usual=portfolio.usual, **by_month, **columns)


def _average(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Average over customers, 1 where there is none."""
    counts = where.sum(axis=0)
    total = np.where(where, values, 0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), 1)
