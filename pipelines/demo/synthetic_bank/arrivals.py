"""Who does something on which day, and the rows that come of it."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import find_activity
from pipelines.demo.synthetic_bank.people import MEDIAN_LOG_INCOME
from pipelines.demo.synthetic_bank.seasons import DAYS_PER_MONTH, ONLINE, draw_seconds

# A month's events as columns: who and account (positions, -1 for no account), day,
# second, event_type, amount (NaN where no money moved) and what else a channel records.
Events = dict[str, np.ndarray]

_MONEY_IN = ("deposit", "incoming_transfer", "refund")
_MONEY_OUT = ("withdrawal", "transfer", "payment", "purchase", "cash_withdrawal")


def draw_arrivals(
    bank: Bank, rng: np.random.Generator, month: int, channel: int
) -> Events:
    """Draw who comes when: a Poisson process, thinned by what is left of activity."""
    calendar, people = bank.calendar, bank.people
    first, end = calendar.month_starts[month : month + 2]
    busy = calendar.cumulated[end, channel] - calendar.cumulated[first, channel]
    counts = rng.poisson(people.rates[:, channel] * busy / DAYS_PER_MONTH)
    who = np.repeat(np.arange(len(people)), counts)
    day = calendar.draw_days_of_month(rng, channel, month, len(who))
    activity = find_activity(bank.lives, people, calendar, who, day)
    is_kept = (rng.random(len(who)) < activity) & (day > people.registered[who])
    if channel == ONLINE:
        is_kept &= day >= people.login_from[who]
    who, day = who[is_kept], day[is_kept]
    second = draw_seconds(rng, channel, len(who))
    return {"who": who, "account": who, "day": day, "second": second}


def place(
    who: np.ndarray, day: np.ndarray, event_type: str, account: np.ndarray | None = None
) -> Events:
    """Put events of one kind on given days, about the current account if no other."""
    return {
        "who": who,
        "account": who if account is None else account,
        "day": day,
        "event_type": np.full(len(who), event_type),
    }


def is_in_month(bank: Bank, month: int, day: np.ndarray) -> np.ndarray:
    """Say which days lie in a month of the run."""
    first, end = bank.calendar.month_starts[month : month + 2]
    return (day >= first) & (day < end)


def choose_kinds(
    rng: np.random.Generator, shares: dict[str, float], size: int
) -> np.ndarray:
    """Draw names by their shares."""
    return rng.choice(list(shares), size, p=list(shares.values()))


def draw_amounts(
    bank: Bank, rng: np.random.Generator, who: np.ndarray, log_median: float
) -> np.ndarray:
    """Draw amounts in CNY that grow with income, around a median on a log scale."""
    earns = 0.6 * (np.log(bank.people.income[who]) - MEDIAN_LOG_INCOME)
    amounts = np.exp(log_median + earns + 0.9 * rng.standard_normal(len(who)))
    return np.round(np.maximum(amounts, 1), 2)


def sign_amounts(amounts: np.ndarray, event_types: np.ndarray) -> np.ndarray:
    """Make money out negative, and NaN what moves none."""
    is_in, is_out = np.isin(event_types, _MONEY_IN), np.isin(event_types, _MONEY_OUT)
    return np.select([is_in, is_out], [amounts, -amounts], default=np.nan)


def select(events: Events, rows: np.ndarray) -> Events:
    """Keep some rows."""
    return {name: column[rows] for name, column in events.items()}


def stack(*parts: Events) -> Events:
    """Put events one below the other, keeping the columns that all of them have."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def to_table(bank: Bank, events: Events) -> pa.Table:
    """Sort events by time and number them from 1 on.

    Returns
    -------
    Table
        The columns of the events, with ``number`` and ``occurred_at`` (UTC).
    """
    occurred_at = bank.calendar.stamp(events["day"], events["second"])
    order = np.argsort(occurred_at, kind="stable")
    columns = {
        name: pa.array(column[order], from_pandas=True)
        for name, column in events.items()
    }
    columns["occurred_at"] = pa.array(occurred_at[order])
    columns["number"] = np.arange(1, len(order) + 1)
    return pa.table(columns)
