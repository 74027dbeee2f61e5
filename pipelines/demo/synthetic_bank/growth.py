"""Who will stand in a higher level of the pyramid, given what is known or believed.

The log of a current account follows a normal process. What it will be is known but for
a normal error, given what is usual for the customer, how far off that it is now, and
the hidden stage of gathering. A windfall and a purchase, which bring money in, are told
apart; whatever else may happen is averaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pipelines.demo.synthetic_bank.accounts import (
    NOISE,
    STICKS,
    WINDFALL,
    WINDFALL_CHANCE,
)
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import (
    ACTIVITY,
    CLOSED,
    expect_resentment,
    find_onset,
)
from pipelines.demo.synthetic_bank.foresight import expect_change, move
from pipelines.demo.synthetic_bank.fortunes import (
    CAN_GATHER,
    FORTUNE_STAGES,
    GATHERED,
    build_steps,
    expect_raise,
)
from pipelines.demo.synthetic_bank.postings import measure_balances
from pipelines.demo.synthetic_bank.products import (
    CC01,
    CUR02,
    FD01,
    FOREIGN_CURRENCIES,
    IN01,
    LN01,
    MT01,
    PRODUCT_OF_FAMILY,
    SAVED,
    SAVINGS,
    SMALLEST,
)
from pipelines.foundation.parameters import read_seed
from pipelines.foundation.use_case import find_use_case

LOW, MID = range(2)
_NEARLY_NOUGHT = 1e-300


@dataclass(frozen=True)
class Wealth:
    """What everybody holds as a month begins, in CNY, and the level that makes of it.

    Attributes
    ----------
    log_cash, others : ndarray of shape (n_customers,)
        Log of the current account, and all else but what is owed.
    premiums : ndarray of shape (n_customers,)
        By which insurance grows each month.
    level : ndarray of int, shape (n_customers,)
        ``LOW``, ``MID``, or higher.
    next_line : ndarray of shape (n_customers,)
        What must be exceeded for the next level. It can't be from the top.
    """

    log_cash: np.ndarray
    others: np.ndarray
    premiums: np.ndarray
    level: np.ndarray
    next_line: np.ndarray


def measure_wealth(bank: Bank, month: int) -> Wealth:
    """Add up the newest balances before a month."""
    accounts, size = bank.accounts, len(bank.people)
    table = measure_balances(bank, month - 1)
    number, balance = table["account"].to_numpy(), table["balance"].to_numpy()
    who, product = accounts.who[number], accounts.product[number]
    rates = np.array([_find_rate(bank, code) for code in FOREIGN_CURRENCIES])
    balance = np.where(product == CUR02, balance * rates[who % len(rates)], balance)
    is_owed = np.isin(product, [CC01, LN01, MT01])
    total = np.bincount(who, np.where(is_owed, 0, balance), size)
    insured = np.where(product == IN01, accounts.principal[number], 0)
    cash = accounts.cash[:, month - 1].astype(float)
    lines = np.append(_find_lines(bank), np.inf)
    level = np.searchsorted(lines, total)
    return Wealth(
        log_cash=np.log(cash),
        others=total - cash,
        premiums=np.bincount(who, insured / 12, size),
        level=level,
        next_line=lines[level],
    )


def expect_growth(
    bank: Bank,
    month: int,
    lives: np.ndarray,
    usual: np.ndarray,
    stages: np.ndarray,
) -> np.ndarray:
    """Find the probability of a higher level at the end of the horizon.

    Parameters
    ----------
    bank : Bank
    month : int
        The snapshot is taken as this month begins.
    lives : ndarray of shape (n_customers, n_states)
        Probability of each hidden state then; certainty for who knows the truth.
    usual : ndarray of shape (n_customers, n_usual)
        What may be usual for a customer, as the log of the current account.
    stages : ndarray of shape (n_customers, n_usual, n_stages)
        Probability of each together with each stage of gathering.

    Returns
    -------
    ndarray of shape (n_customers,)
    """
    wealth = measure_wealth(bank, month)
    ahead = _count_months_ahead(bank, month)
    # What will be left of what each month changes.
    sticks = STICKS ** np.arange(ahead)[::-1]
    drift, is_open = _expect_drift(bank, month, lives, sticks)
    gathered, variance = _expect_gathered(bank, month, lives @ CAN_GATHER, sticks)
    off = wealth.log_cash[:, None] - usual
    mean = (usual + STICKS**ahead * off + drift[:, None])[:, :, None]
    mean = mean + gathered[:, None]
    variance = variance[:, None] + NOISE**2 * (sticks**2).sum()
    missing = wealth.next_line - wealth.others - ahead * wealth.premiums
    expected = np.zeros(len(missing))
    for weight, brought, moved in _expect_purchases(bank, month, wealth, lives, sticks):
        need = np.log(np.maximum(missing - brought, _NEARLY_NOUGHT)) - moved
        for chance, height, spread in _expect_windfalls(sticks):
            error = np.sqrt(variance + spread**2)
            reached = ndtr((mean + height - need[:, None, None]) / error)
            expected += chance * weight * (stages * reached).sum(axis=(1, 2))
    return is_open * expected


def _count_months_ahead(bank: Bank, month: int) -> int:
    """Count the months from a snapshot's newest balance to the one it ends with."""
    starts = bank.calendar.month_starts
    judged = starts[month] + find_use_case("growth").label_days
    return int(np.searchsorted(starts, judged, "right")) - 1 - month


def _find_lines(bank: Bank) -> np.ndarray:
    """Find the lines between the levels in CNY, the lowest first."""
    rate = _find_rate(bank, "HKD")
    lines = {
        row["pyramid_level"]: float(row["threshold_hkd"]) * rate
        for row in _list_in_force(bank, "pyramid_levels")
        if row["threshold_hkd"]
    }
    return np.sort(list(lines.values()))


def _find_rate(bank: Bank, code: str) -> float:
    rows = _list_in_force(bank, "exchange_rates")
    rates = [row["rate_to_cny"] for row in rows if row["currency_code"] == code]
    return float(rates[-1])


def _list_in_force(bank: Bank, seed: str) -> list[dict[str, str]]:
    """List the rows of a seed up to the start of the run, the newest last."""
    rows = sorted(read_seed(seed), key=lambda row: row["valid_from"])
    start = bank.calendar.start.isoformat()
    return [row for row in rows if row["valid_from"] <= start]


def _expect_drift(
    bank: Bank, month: int, lives: np.ndarray, sticks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Expect what fading and salaries change, and whether accounts stay open."""
    people = bank.people
    onset = find_onset(people, expect_resentment(people))
    unraised = np.where(bank.accounts.fortunes.is_raised(month - 1), 0.0, 1.0)
    drift = np.zeros(len(people))
    for left in sticks:
        unraised *= 1 - expect_raise(people)
        drift += left * expect_change(bank, lives, 1 - unraised)
        lives = move(lives, onset)
    return drift, 1 - lives[:, CLOSED]


def _expect_gathered(
    bank: Bank, month: int, gathers: np.ndarray, sticks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find mean and variance of what is gathered, by the stage at the snapshot."""
    steps = build_steps(bank.accounts.fortunes.turns[month])
    mean = np.zeros((len(steps), len(FORTUNE_STAGES)))
    square = mean
    for left in sticks[::-1]:
        added = left * GATHERED * gathers[:, None]
        later, later_square = (
            (steps @ moment[:, :, None])[:, :, 0] for moment in (mean, square)
        )
        mean = added + later
        square = added**2 + 2 * added * later + later_square
    return mean, square - mean**2


def _expect_purchases(
    bank: Bank, month: int, wealth: Wealth, lives: np.ndarray, sticks: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Tell apart what may be bought: the chance, the sum, and what of it is missing.

    Savings are paid in from the current account, which fills up again.
    """
    appetites = bank.accounts.appetites[month][:, SAVINGS]
    is_held = np.isnan(bank.accounts.propensities[month][:, SAVINGS])
    chances = 1 - (1 - appetites * (lives @ ACTIVITY)[:, None]) ** len(sticks)
    chances = np.where(is_held, 0, chances)
    nothing = (1 - chances).prod(axis=1)
    yield nothing, np.zeros(len(nothing)), 0.0
    shares = chances / np.maximum(chances.sum(axis=1, keepdims=True), _NEARLY_NOUGHT)
    moved = np.log(1 - SAVED) * STICKS * sticks.mean()
    for place, product in enumerate(PRODUCT_OF_FAMILY[list(SAVINGS)]):
        drawn = 0.5 if product == FD01 else 1.0
        paid = SAVED * drawn * np.exp(wealth.log_cash)
        brought = np.maximum(paid, SMALLEST[product])
        yield (1 - nothing) * shares[:, place], brought, moved


def _expect_windfalls(sticks: np.ndarray) -> list[tuple[float, float, float]]:
    """Tell none from one: the chance, how high, and how uncertain that is."""
    none = (1 - WINDFALL_CHANCE) ** len(sticks)
    heights = WINDFALL * sticks
    return [(none, 0.0, 0.0), (1 - none, heights.mean(), heights.std())]
