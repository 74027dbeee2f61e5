"""The truth about a synthetic bank: who left and why, and what was to be expected."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.demo.synthetic_bank.appetite import FAMILIES
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import (
    ACTIVITY,
    CLOSED,
    DORMANT,
    FADING,
    PAUSED,
    RESENTS_INCIDENT,
    STEADY,
    change_day,
    expect_resentment,
    find_onset,
    rate_contacts,
)
from pipelines.demo.synthetic_bank.foresight import (
    OFFSETS,
    PACES,
    expect_opening,
    move,
    watch,
    watch_balances,
)
from pipelines.demo.synthetic_bank.fortunes import FORTUNE_STAGES
from pipelines.demo.synthetic_bank.growth import LOW, MID, expect_growth, measure_wealth
from pipelines.demo.synthetic_bank.identifiers import number_customers
from pipelines.demo.synthetic_bank.prospects import STRANGER, report_people
from pipelines.demo.synthetic_bank.seasons import NEVER
from pipelines.foundation.modes import make_folder
from pipelines.foundation.use_case import find_use_case

_CHURN = find_use_case("churn")
# Hidden states that a label window can meet: the shortest month has 28 days.
_PERIODS_AHEAD = _CHURN.label_days // 28 + 2


def write_truth(bank: Bank, folder: Path) -> None:
    """Write what no system knows, one file a table."""
    make_folder(folder)
    pq.write_table(_list_spells(bank), folder / "dormancy.parquet")
    churn, lives = [], []
    for month, belief in enumerate(watch(bank)):
        lives.append(belief.sum(axis=1))
        if month:
            churn.append(_list_churn(bank, month, belief))
    months = range(1, bank.calendar.months + 1)
    cross_sell = [_list_cross_sell(bank, month, lives[month]) for month in months]
    growth = [
        _list_growth(bank, month, lives[month], belief)
        for month, belief in enumerate(watch_balances(bank, lives))
        if month
    ]
    for name, tables in (
        ("churn", churn),
        ("cross_sell", cross_sell),
        ("growth", growth),
    ):
        path = folder / f"{name}_propensities.parquet"
        pq.write_table(pa.concat_tables(tables), path)
    pq.write_table(_list_identities(bank), folder / "identities.parquet")


def expect_churn(bank: Bank, month: int, belief: np.ndarray) -> np.ndarray:
    """Find the probability that the churn label will be true, given what is believed.

    It adds up the ways through the hidden states: for each, the chance that no event
    falls into the label window, or that the accounts are closed by its end.

    Parameters
    ----------
    bank : Bank
    month : int
        The snapshot is taken as this month begins.
    belief : ndarray of shape (n_customers, n_states)
        Probability of being in each state then; certainty for who knows the truth.

    Returns
    -------
    ndarray of shape (n_customers,)
    """
    calendar, people = bank.calendar, bank.people
    as_of = calendar.month_starts[month]
    rates = rate_contacts(people, as_of)
    has_incident = bank.lives.incident_days[:, month] < as_of
    onset = find_onset(people, np.where(has_incident, RESENTS_INCIDENT, 0))
    later_onset = find_onset(people, expect_resentment(people))
    silent, alive = belief.copy(), belief.copy()
    begins = np.full(len(people), as_of)
    for ahead in range(_PERIODS_AHEAD):
        ends = change_day(people, calendar, month + ahead)
        window = np.clip(
            [begins, ends], as_of + _CHURN.lead_days, as_of + _CHURN.label_days
        )
        expected = calendar.expose(rates, *window)
        silent *= np.exp(-ACTIVITY * expected[:, None])
        is_over = ends >= as_of + _CHURN.label_days
        for chances in (silent, alive):
            moved = move(chances, onset)
            chances[:] = np.where(is_over[:, None], chances, moved)
        begins, onset = ends, later_onset
    return silent[:, :CLOSED].sum(axis=1) + alive[:, CLOSED]


def foresee_churn(bank: Bank, month: int, belief: np.ndarray) -> np.ndarray:
    """Find the same for a forecaster whose belief is about paces, too."""
    people = bank.people
    guesses = (
        replace(bank, people=replace(people, rates=people.rates * pace))
        for pace in PACES
    )
    return sum(
        expect_churn(guess, month, belief[:, place])
        for place, guess in enumerate(guesses)
    )


def _list_churn(bank: Bank, month: int, belief: np.ndarray) -> pa.Table:
    certain = np.eye(len(ACTIVITY))[bank.lives.states[:, month]]
    who = np.flatnonzero(_is_customer(bank, month))
    columns = {
        "churn_probability": expect_churn(bank, month, certain)[who],
        "foreseeable_probability": foresee_churn(bank, month, belief)[who],
    }
    return _name(bank, who, month, columns)


def _list_cross_sell(bank: Bank, month: int, lives: np.ndarray) -> pa.Table:
    propensity = bank.accounts.propensities[month]
    foreseeable = expect_opening(bank.accounts.appetites[month], lives)
    is_asked = _is_customer(bank, month)[:, None] & ~np.isnan(propensity)
    who, family = np.nonzero(is_asked)
    columns = {
        "product_family": _look_up(FAMILIES, family),
        "open_probability": propensity[who, family],
        "foreseeable_probability": foreseeable[who, family],
    }
    return _name(bank, who, month, columns)


def _list_growth(
    bank: Bank, month: int, lives: np.ndarray, belief: np.ndarray
) -> pa.Table:
    certain = np.eye(len(ACTIVITY))[bank.lives.states[:, month]]
    stages = np.eye(len(FORTUNE_STAGES))[bank.accounts.fortunes.stages[month]][:, None]
    usual = bank.accounts.usual[:, None]
    can_grow = np.isin(measure_wealth(bank, month).level, [LOW, MID])
    who = np.flatnonzero(_is_customer(bank, month) & can_grow)
    hidden = expect_growth(bank, month, certain, usual, stages)
    foreseeable = expect_growth(bank, month, lives, usual + OFFSETS, belief)
    columns = {
        "growth_probability": hidden[who],
        "foreseeable_probability": foreseeable[who],
    }
    return _name(bank, who, month, columns)


def _is_customer(bank: Bank, month: int) -> np.ndarray:
    as_of = bank.calendar.month_starts[month]
    return (bank.people.registered < as_of) & (bank.lives.closed >= as_of)


def _list_identities(bank: Bank) -> pa.Table:
    """List every registration and report of a person, and who it is."""
    numbers = np.array(number_customers(len(bank.people)))
    reported = report_people(bank)
    who, person_number = reported["who"].to_numpy(), reported["person_number"]
    return pa.table(
        {
            "source": ["core_customers"] * len(numbers) + ["partner"] * len(who),
            "number": np.concatenate([numbers, person_number]),
            "person": np.concatenate(
                [
                    numbers[bank.relations.first],
                    np.where(who == STRANGER, person_number, numbers[who]),
                ]
            ),
        }
    )


def _name(bank: Bank, who: np.ndarray, month: int, columns: dict) -> pa.Table:
    as_of = bank.calendar.epoch + bank.calendar.month_starts[month]
    keys = {
        "customer_number": _look_up(number_customers(len(bank.people)), who),
        "as_of_date": np.full(len(who), as_of),
    }
    return pa.table(keys | columns)


def _look_up(names: Sequence[str], positions: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(positions, pa.int32()), list(names))


def _list_spells(bank: Bank) -> pa.Table:
    """List each time a customer stopped being active, with the cause and first sign."""
    states = bank.lives.states
    columns = np.arange(states.shape[1])
    is_silent = np.isin(states, [DORMANT, PAUSED, CLOSED])
    who, column = np.nonzero(is_silent[:, 1:] & ~is_silent[:, :-1])
    column += 1
    before, entered = states[who, column - 1], states[who, column]
    is_faded = before != STEADY
    cause = np.where(is_faded, (before - 1) % len(FADING), len(FADING))
    cause = np.where(entered == PAUSED, len(FADING) + 1, cause)
    steady = np.maximum.accumulate(np.where(states == STEADY, columns, -1), axis=1)
    onset = np.where(is_faded, steady[who, column - 1] + 1, column)
    awake = np.where(is_silent, states.shape[1], columns)
    returned = np.minimum.accumulate(awake[:, ::-1], axis=1)[:, ::-1][who, column]
    return pa.table(
        {
            "customer_number": _look_up(number_customers(len(bank.people)), who),
            "cause": _look_up((*FADING, "sudden", "pause"), cause),
            "onset_date": _date(bank, who, onset, is_known=onset > 0),
            "dormant_date": _date(bank, who, column, is_known=column > 0),
            "returned_date": _date(
                bank, who, returned, is_known=returned < states.shape[1]
            ),
            "closed_date": pa.array(
                bank.calendar.epoch + bank.lives.closed[who],
                mask=bank.lives.closed[who] == NEVER,
            ),
        }
    )


def _date(
    bank: Bank, who: np.ndarray, column: np.ndarray, *, is_known: np.ndarray
) -> pa.Array:
    month = np.clip(column - 1, 0, bank.calendar.months)
    days = bank.calendar.month_starts[month] + bank.people.clock[who]
    return pa.array(bank.calendar.epoch + days, mask=~is_known)
