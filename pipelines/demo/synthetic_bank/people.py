"""Who the customers are: what the bank registers, and what it never learns."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.synthetic_bank.seasons import (
    ATM,
    CARD,
    CHANNELS,
    NEVER,
    ONLINE,
    Calendar,
    stream,
)

NEWCOMERS_PER_YEAR = 0.08
BRANCHES = 40
FEMALE, MALE, UNKNOWN = 0, 1, 2
MEDIAN_LOG_INCOME = 11.3  # 80,000 CNY a year
_YEARS_OF_HISTORY = 15
_PENSION_AGE = 60
_HAS_CARD, _HAS_PROOF, _CONSENTS = 0.94, 0.55, 0.72
_IS_SALARIED, _IS_PENSIONER = 0.58, 0.75  # of those before, and past, pension age
_MANAGED_INCOME, _HAS_MANAGER = 200_000, 0.7
_GAINS_LOGIN_PER_YEAR = 0.12
_EVENTS_PER_MONTH = (0.95, 15.0)  # shape and scale of a gamma distribution
# Each channel's appeal on a log scale: for everyone, and per ten years of age over 42.
_APPEAL = np.array(
    [[-0.1, 0.10], [-0.9, 0.35], [0.8, -0.10], [1.0, -0.30], [-1.9, 0.15]]
)
_APPEAL_SPREAD = 0.8


@dataclass(frozen=True)
class People:
    """All customers of a run in order of registration, as arrays of their length.

    Days count from the calendar's start. Those with a negative ``registered`` are there
    from the beginning.

    Attributes
    ----------
    registered, login_from : ndarray of int
        Days; ``NEVER`` for what does not come.
    birth : ndarray of datetime64
    gender, branch, age : ndarray of int
        ``age`` in years at the start.
    income : ndarray of float
        CNY a year, at the start.
    is_..., has_... : ndarray of bool
    payday, clock : ndarray of int
        Day of month (0 to 27) of the salary, and of the changes of a hidden state.
    attachment : ndarray of float
        Standard normal. Who is attached buys more and leaves less.
    rates : ndarray of shape (n_customers, n_channels)
        Customer-initiated events a month while nothing is wrong.
    """

    registered: np.ndarray
    login_from: np.ndarray
    birth: np.ndarray
    gender: np.ndarray
    branch: np.ndarray
    age: np.ndarray
    income: np.ndarray
    is_salaried: np.ndarray
    is_pensioner: np.ndarray
    has_card: np.ndarray
    has_income_proof: np.ndarray
    has_consent: np.ndarray
    has_manager: np.ndarray
    payday: np.ndarray
    clock: np.ndarray
    attachment: np.ndarray
    rates: np.ndarray

    def __len__(self) -> int:
        return len(self.registered)

    def rates_on(self, day: int) -> np.ndarray:
        """Give the rates, without online banking for who has no login on that day."""
        rates = self.rates.copy()
        rates[self.login_from > day, ONLINE] = 0
        return rates


def build_people(seed: int, customers: int, calendar: Calendar) -> People:
    """Draw the customers there are at the start, and those who come later."""
    rng = stream(seed, "people")
    newcomers = round(customers * NEWCOMERS_PER_YEAR * calendar.months / 12)
    past = -1 - rng.integers(0, int(_YEARS_OF_HISTORY * 365.25), customers)
    coming = rng.integers(0, calendar.days, newcomers)
    registered = np.sort(np.concatenate([past, coming]))
    size = len(registered)
    age = 18 + 60 * rng.beta(1.7, 2.6, size)
    age = np.maximum(age, 18.5 - registered / 365.25)
    is_old = age >= _PENSION_AGE
    income = np.exp(MEDIAN_LOG_INCOME + 0.6 * rng.standard_normal(size))
    income = np.where(is_old, income / 2, income)
    has_card = rng.random(size) < _HAS_CARD
    login_from = _draw_logins(rng, age, registered, calendar.days)
    attachment = rng.standard_normal(size)
    return People(
        registered=registered,
        login_from=login_from,
        birth=calendar.epoch - (age * 365.25).astype(int),
        gender=rng.choice(3, size, p=[0.51, 0.48, 0.01]),
        branch=(BRANCHES * rng.random(size) ** 1.5).astype(int),
        age=age.astype(int),
        income=np.round(income, -2),
        has_income_proof=rng.random(size) < _HAS_PROOF,
        is_salaried=~is_old & (rng.random(size) < _IS_SALARIED),
        is_pensioner=is_old & (rng.random(size) < _IS_PENSIONER),
        has_card=has_card,
        has_consent=rng.random(size) < _CONSENTS,
        has_manager=(income > _MANAGED_INCOME) & (rng.random(size) < _HAS_MANAGER),
        payday=rng.integers(4, 28, size),
        clock=rng.integers(0, 28, size),
        attachment=attachment,
        rates=_draw_rates(rng, age, attachment, has_card, login_from),
    )


def weigh_pace(people: People, paces: np.ndarray) -> np.ndarray:
    """Find how likely other paces are, of those whom the rates do not tell.

    Parameters
    ----------
    people : People
    paces : ndarray of shape (n_paces,)
        Relative to the true one of each customer, evenly spaced on a log scale.

    Returns
    -------
    ndarray of shape (n_customers, n_paces)
        Probabilities, from the gamma distribution that rates are drawn from.
    """
    shape, scale = _EVENTS_PER_MONTH
    drawn = people.rates.sum(axis=1) / _quicken_by(people.attachment)
    tried = drawn[:, None] * paces
    # On a log scale a density is that of the number times the number.
    logs = shape * np.log(tried) - tried / scale
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _quicken_by(attachment: np.ndarray) -> np.ndarray:
    """Give the factor by which the attached come more often."""
    return np.exp(0.15 * attachment)


def _draw_logins(
    rng: np.random.Generator, age: np.ndarray, registered: np.ndarray, days: int
) -> np.ndarray:
    has_login = rng.random(len(age)) < 1 / (1 + np.exp(0.06 * (age - 72)))
    gains_one = rng.random(len(age)) < _GAINS_LOGIN_PER_YEAR * days / 365.25
    gained = np.maximum(registered, 0) + rng.integers(10, days + 30, len(age))
    return np.where(has_login, registered, np.where(gains_one, gained, NEVER))


def _draw_rates(
    rng: np.random.Generator,
    age: np.ndarray,
    attachment: np.ndarray,
    has_card: np.ndarray,
    login_from: np.ndarray,
) -> np.ndarray:
    shape, scale = _EVENTS_PER_MONTH
    total = rng.gamma(shape, scale, len(age)) * _quicken_by(attachment)
    appeal = _APPEAL[:, 0] + _APPEAL[:, 1] * (age[:, None] - 42) / 10
    appeal += _APPEAL_SPREAD * rng.standard_normal((len(age), len(CHANNELS)))
    share = np.exp(appeal)
    share[~has_card, ATM] = 0
    share[~has_card, CARD] = 0
    share[login_from == NEVER, ONLINE] = 0
    return total[:, None] * share / share.sum(axis=1, keepdims=True)
