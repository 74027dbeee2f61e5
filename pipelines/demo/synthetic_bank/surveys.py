"""Surveys: what customers say of the bank and of themselves, and what is behind it."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.arrivals import to_table
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import find_activity, share_of_long_waits
from pipelines.demo.synthetic_bank.people import MEDIAN_LOG_INCOME
from pipelines.demo.synthetic_bank.seasons import (
    ATM,
    BRANCH,
    NEVER,
    ONLINE,
    PHONE,
    draw_seconds,
    stream,
)

_ANSWERS_PER_MONTH = 0.02
# The share of respondents that is asked each question, scores first.
_QUESTIONS = {
    "overall": 1.0,
    "branch_service": 0.5,
    "online_service": 0.6,
    "phone_service": 0.2,
    "advice": 0.3,
    "complaint_handling": 1.0,  # of those who had reason to complain
    "risk_tolerance": 0.5,
    "preferred_channel": 0.5,
    "financial_knowledge": 0.3,
    "life_value": 0.3,
}
OVERALL, OF_BRANCH, OF_ONLINE, OF_PHONE, OF_ADVICE, OF_COMPLAINT = range(6)
_RISKS = np.array(["cautious", "balanced", "bold"])
_CHANNELS = {ATM: "atm", BRANCH: "branch", ONLINE: "online", PHONE: "phone"}
_LEVELS = np.array(["low", "medium", "high"])
_VALUES = np.array(["growth", "convenience", "family", "security"])
# An incident of the last weeks, and a crowded branch, cost so many points.
_INCIDENT_COSTS, _CROWD_COSTS, _LATE_ANSWER_COSTS = 2.5, 1.0, 1.5


def survey_customers(bank: Bank, month: int) -> pa.Table:
    """Make a month's answers: one row for each respondent and question."""
    rng = stream(bank.seed, "survey", month)
    who, day = _find_respondents(bank, rng, month)
    has_incident = (bank.lives.incident_days[who, month] < NEVER) | (
        bank.lives.incident_days[who, month + 1] < day
    )
    asked = rng.random((len(who), len(_QUESTIONS))) < list(_QUESTIONS.values())
    asked[:, OF_COMPLAINT] &= has_incident
    asked[:, OF_ONLINE] &= bank.people.login_from[who] <= day
    respondent, question = np.nonzero(asked)
    experience, expectation = _score(bank, rng, who, has_incident)
    is_scored = question <= OF_COMPLAINT
    codes = _describe(bank, rng, who)
    described = codes[respondent, np.maximum(question - OF_COMPLAINT - 1, 0)]
    return to_table(
        bank,
        {
            "who": who[respondent],
            "day": day[respondent],
            "second": draw_seconds(rng, ONLINE, len(who))[respondent],
            "question_code": np.array(list(_QUESTIONS))[question],
            "is_scored": is_scored,
            "experience": experience[respondent, np.minimum(question, OF_COMPLAINT)],
            "expectation": expectation[respondent],
            "code": described,
        },
    )


def _find_respondents(
    bank: Bank, rng: np.random.Generator, month: int
) -> tuple[np.ndarray, np.ndarray]:
    people = bank.people
    chance = _ANSWERS_PER_MONTH * np.exp(0.3 * people.attachment)
    who = np.flatnonzero(rng.random(len(people)) < chance)
    day = bank.calendar.draw_days_of_month(rng, ONLINE, month, len(who))
    activity = find_activity(bank.lives, people, bank.calendar, who, day)
    is_there = (people.registered[who] < day) & (rng.random(len(who)) < activity)
    return who[is_there], day[is_there]


def _score(
    bank: Bank, rng: np.random.Generator, who: np.ndarray, has_incident: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score experience by respondent and question, and expectation by respondent."""
    people = bank.people
    mood = 7.3 + 0.7 * people.attachment[who] + 0.7 * rng.standard_normal(len(who))
    experience = np.repeat(mood[:, None], OF_COMPLAINT + 1, axis=1)
    experience += 0.8 * rng.standard_normal(experience.shape)
    experience[:, OVERALL] -= _INCIDENT_COSTS * has_incident
    experience[:, OF_COMPLAINT] -= _LATE_ANSWER_COSTS
    usual = share_of_long_waits(people).min()
    is_crowded = share_of_long_waits(people)[who] > usual
    experience[:, OF_BRANCH] -= _CROWD_COSTS * is_crowded + 1.5 * has_incident
    earns = (np.log(people.income[who]) - MEDIAN_LOG_INCOME) / 0.6
    expectation = 7.2 + 0.5 * earns + 0.9 * rng.standard_normal(len(who))
    return _to_scale(experience), _to_scale(expectation)


def _describe(bank: Bank, rng: np.random.Generator, who: np.ndarray) -> np.ndarray:
    """Write what respondents say of themselves, in the order of the questions."""
    people = bank.people
    earns = (np.log(people.income[who]) - MEDIAN_LOG_INCOME) / 0.6
    age = (people.age[who] - 42) / 10
    noise = rng.standard_normal((3, len(who)))
    boldness = np.digitize(0.5 * earns - 0.4 * age + noise[0], [-0.4, 0.9])
    knowledge = np.digitize(0.6 * earns + 0.8 * noise[1], [-0.5, 0.8])
    value = np.digitize(age + noise[2], [-1.2, 0.0, 1.2])
    channels = list(_CHANNELS)
    preferred = people.rates[who][:, channels].argmax(axis=1)
    return np.column_stack(
        [
            _RISKS[boldness],
            np.array(list(_CHANNELS.values()))[preferred],
            _LEVELS[knowledge],
            _VALUES[value],
        ]
    )


def _to_scale(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 1, 10).astype(int)
