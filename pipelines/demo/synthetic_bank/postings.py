"""What happens to accounts by itself, and what is in them as a month ends."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.appetite import gets_salary
from pipelines.demo.synthetic_bank.arrivals import (
    Events,
    place,
    select,
    stack,
    to_table,
)
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import ACTIVITY, DORMANT
from pipelines.demo.synthetic_bank.fortunes import (
    CAN_GATHER,
    draw_habits,
    has_standing_order,
)
from pipelines.demo.synthetic_bank.products import (
    CC01,
    CONSUMER_LOAN_MONTHS,
    CUR02,
    FD01,
    IN01,
    LN01,
    MORTGAGE_MONTHS,
    MT01,
    TD12,
    WM01,
)
from pipelines.demo.synthetic_bank.seasons import DAYS_PER_MONTH, stream

# Days of the month, counted from 0.
_FEE_DAY, _INSTALMENT_DAY, _PREMIUM_DAY, _PENSION_DAY, _INTEREST_DAY = 0, 9, 11, 14, 20
_DEPOSIT_RATE, _TERM_RATE, _WEALTH_RATE = 0.0025, 0.015, 0.036  # a year
_LOANS = {LN01: (CONSUMER_LOAN_MONTHS, 0.06), MT01: (MORTGAGE_MONTHS, 0.038)}
_IS_LATE, _IS_LATE_WHEN_DORMANT = 0.01, 0.10
_PAYS_FEES = 0.15
_SMALLEST = 0.01
# Transfers a month, and their amounts on a log scale: from others, and by stage of
# gathering from the customer's own accounts elsewhere.
TRANSFERS, LOG_TRANSFER, SPREAD_TRANSFER = 0.5, 6.0, 1.0
TRANSFERS_GATHERED, LOG_GATHERED = np.array([0, 1.2, 2.0]), np.array([0, 6.8, 8.0])
SPREAD_GATHERED = 0.8
_FEE, _PENALTY = 5.0, 25.0
_MARKET_HISTORY = 60  # months of fund prices before the start


def post_by_itself(bank: Bank, month: int) -> pa.Table:
    """Make a month's ledger postings that nobody at a channel caused."""
    rng = stream(bank.seed, "postings", month)
    events = stack(
        _pay_income(bank, rng, month),
        _pay_interest(bank, month),
        _charge_fees(bank, month),
        _run_standing_orders(bank, month),
        _repay_loans(bank, rng, month),
        _pay_premiums(bank, month),
        receive_transfers(bank, month),
    )
    accounts = bank.accounts
    is_open = accounts.opened[events["account"]] < events["day"]
    is_open &= events["day"] < accounts.closed[events["account"]]
    events = select(events, is_open & (np.abs(events["amount"]) >= _SMALLEST))
    # The core books everything within the first hour of the day, UTC.
    events["second"] = rng.integers(0, 3600, len(events["who"]))
    return to_table(bank, events)


def measure_balances(bank: Bank, month: int) -> pa.Table:
    """Say what is in each open account as the month's last day ends.

    Balances follow their own process; they do not add up the month's events.

    Returns
    -------
    Table
        ``account`` (a position), ``balance`` in the account's currency.
    """
    accounts = bank.accounts
    end = bank.calendar.month_starts[month + 1]
    number = np.flatnonzero((accounts.opened < end) & (accounts.closed >= end))
    who, product = accounts.who[number], accounts.product[number]
    principal = accounts.principal[number]
    age = (end - 1 - accounts.opened[number]) / DAYS_PER_MONTH
    noise = stream(bank.seed, "balances", month).standard_normal(len(number))
    activity = ACTIVITY[bank.lives.states[who, month + 1]]
    used = np.clip(0.3 + 0.2 * noise, 0, 1) * (0.1 + 0.9 * activity)
    prices = _follow_market(bank)
    bought = np.maximum(_MARKET_HISTORY + month - age.astype(int), 0)
    factors = {
        CUR02: np.exp(0.1 * noise),
        TD12: 1 + _TERM_RATE * (age % 12) / 12,
        CC01: -used,
        LN01: -np.maximum(1 - age / CONSUMER_LOAN_MONTHS, 0),
        MT01: -np.maximum(1 - age / MORTGAGE_MONTHS, 0),
        WM01: (1 + _WEALTH_RATE / 12) ** age,
        FD01: prices[_MARKET_HISTORY + month] / prices[bought] * np.exp(0.02 * noise),
        IN01: (1 + age) / 12,
    }
    balance = np.select(
        [product == kind for kind in factors],
        [principal * factor for factor in factors.values()],
        default=bank.accounts.cash[who, month],
    )
    return pa.table({"account": number, "balance": np.round(balance, 2)})


def _pay_income(bank: Bank, rng: np.random.Generator, month: int) -> Events:
    people, states = bank.people, bank.lives.states
    first = bank.calendar.month_starts[month]
    is_past_clock = people.payday >= people.clock
    state = np.where(is_past_clock, states[:, month + 1], states[:, month])
    salaried = np.flatnonzero(gets_salary(people, state))
    pensioners = np.flatnonzero(people.is_pensioner)
    fortunes = bank.accounts.fortunes
    monthly = people.income / 12
    raised = np.where(fortunes.is_raised(month), fortunes.factor, 1)
    # A thirteenth salary comes before the spring festival.
    month_of_year = (bank.calendar.start.month - 1 + month) % 12 + 1
    bonus = 2.0 if month_of_year == 1 else 1.0
    wages = (
        (monthly * raised)[salaried]
        * bonus
        * np.exp(0.04 * rng.standard_normal(len(salaried)))
    )
    salary = place(salaried, first + people.payday[salaried], "salary")
    pension = place(
        pensioners, np.full(len(pensioners), first + _PENSION_DAY), "pension"
    )
    salary["amount"] = np.round(wages, 2)
    pension["amount"] = np.round(monthly[pensioners], 2)
    return stack(salary, pension)


def _pay_interest(bank: Bank, month: int) -> Events:
    is_due = (bank.calendar.start.month + month) % 3 == 0  # March, June and so on
    who = np.arange(len(bank.people) if is_due else 0)
    day = np.full(len(who), bank.calendar.month_starts[month] + _INTEREST_DAY)
    interest = bank.accounts.cash[who, month] * (_DEPOSIT_RATE / 4)
    return place(who, day, "interest") | {"amount": np.round(interest, 2)}


def _charge_fees(bank: Bank, month: int) -> Events:
    habit = draw_habits(bank.seed, bank.people, "fee")
    who = np.flatnonzero(habit < _PAYS_FEES)
    day = np.full(len(who), bank.calendar.month_starts[month] + _FEE_DAY)
    return place(who, day, "fee") | {"amount": np.full(len(who), -_FEE)}


def _run_standing_orders(bank: Bank, month: int) -> Events:
    """Run rents and savings plans; they stop where the salary has moved away."""
    habit = draw_habits(bank.seed, bank.people, "standing_order")
    is_funded = gets_salary(bank.people, bank.lives.states[:, month])
    who = np.flatnonzero(
        has_standing_order(habit) & (is_funded | ~bank.people.is_salaried)
    )
    day = bank.calendar.month_starts[month] + (habit[who] * 90).astype(int)
    amount = -np.round(bank.people.income[who] / 12 * (0.05 + habit[who]), -1)
    return place(who, day, "standing_order") | {"amount": amount}


def _repay_loans(bank: Bank, rng: np.random.Generator, month: int) -> Events:
    """Take each loan's equal instalment from its customer's current account."""
    accounts = bank.accounts
    first = bank.calendar.month_starts[month]
    is_running = (accounts.opened < first) & (accounts.closed > first + _INSTALMENT_DAY)
    parts = []
    for product, (term, rate) in _LOANS.items():
        loan = np.flatnonzero(is_running & (accounts.product == product))
        annuity = rate / 12 / (1 - (1 + rate / 12) ** -term)
        who, day = accounts.who[loan], np.full(len(loan), first + _INSTALMENT_DAY)
        amount = -np.round(accounts.principal[loan] * annuity, 2)
        parts.append(place(who, day, "loan_instalment") | {"amount": amount})
    owed = stack(*parts)
    is_dormant = bank.lives.states[owed["who"], month] == DORMANT
    chance = np.where(is_dormant, _IS_LATE_WHEN_DORMANT, _IS_LATE)
    is_late = rng.random(len(owed["who"])) < chance
    penalty = select(owed, is_late)
    penalty["event_type"] = np.full(is_late.sum(), "penalty_interest")
    penalty["amount"] = np.full(is_late.sum(), -_PENALTY)
    return stack(owed, penalty)


def _pay_premiums(bank: Bank, month: int) -> Events:
    accounts = bank.accounts
    day = bank.calendar.month_starts[month] + _PREMIUM_DAY
    is_insured = (accounts.product == IN01) & (accounts.opened < day)
    insured = np.flatnonzero(is_insured & (accounts.closed > day))
    events = place(
        accounts.who[insured], np.full(len(insured), day), "insurance_premium"
    )
    return events | {"amount": -np.round(accounts.principal[insured] / 12, 2)}


def receive_transfers(bank: Bank, month: int) -> Events:
    """Let others pay in, and those who gather from their accounts elsewhere.

    The others do not know that a customer has fallen silent.
    """
    rng = stream(bank.seed, "transfers", month)
    first, end = bank.calendar.month_starts[month : month + 2]
    usual = rng.poisson(TRANSFERS, len(bank.people))
    stages = bank.accounts.fortunes.stages[month]
    gathers = CAN_GATHER[bank.lives.states[:, month]]
    gathered = rng.poisson(TRANSFERS_GATHERED[stages] * gathers)
    who = np.repeat(np.tile(np.arange(len(stages)), 2), np.append(usual, gathered))
    is_gathered = np.arange(len(who)) >= usual.sum()
    mean = np.where(is_gathered, LOG_GATHERED[stages[who]], LOG_TRANSFER)
    spread = np.where(is_gathered, SPREAD_GATHERED, SPREAD_TRANSFER)
    amount = np.exp(rng.normal(mean, spread))
    events = place(who, rng.integers(first, end, len(who)), "incoming_transfer")
    return events | {"amount": np.round(amount, 2)}


def _follow_market(bank: Bank) -> np.ndarray:
    months = _MARKET_HISTORY + bank.calendar.months
    steps = stream(bank.seed, "market").normal(0.003, 0.03, months)
    return np.exp(np.cumsum(steps))
