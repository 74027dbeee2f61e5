"""Telephone calls: customers call for something, and the bank calls with an offer."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.arrivals import (
    Events,
    choose_kinds,
    draw_arrivals,
    place,
    stack,
    to_table,
)
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.channels import find_incidents
from pipelines.demo.synthetic_bank.dormancy import PHONE_COMPLAINT, find_activity
from pipelines.demo.synthetic_bank.offers import BY_PHONE, draw_offers
from pipelines.demo.synthetic_bank.seasons import PHONE, draw_seconds, stream

_KINDS = {
    "enquiry": 0.64,
    "card_service": 0.14,
    "detail_change": 0.08,
    "appointment": 0.14,
}
_SERVICE_CALLS_PER_MONTH = 0.004
_IS_VERIFIED, _BY_MACHINE = 0.93, 0.45
_ANSWERS, _ANSWERS_WHEN_SILENT = 0.65, 0.25
_AGENTS = 80
_LONGEST_CALL = 3600


def make_calls(bank: Bank, month: int) -> pa.Table:
    """Make a month's calls; numbers of agents are 0 where the machine answered."""
    rng = stream(bank.seed, "phone", month)
    usual = draw_arrivals(bank, rng, month, PHONE)
    usual["event_type"] = choose_kinds(rng, _KINDS, len(usual["who"]))
    complained = find_incidents(bank, month, PHONE_COMPLAINT, "complaint")
    inbound = stack(usual, complained)
    offered = _call_with_offers(bank, month)
    events = stack(inbound, offered, _call_for_service(bank, rng, month))
    size = len(events["who"])
    is_inbound = np.arange(size) < len(inbound["who"])
    events["second"] = draw_seconds(rng, PHONE, size)
    activity = find_activity(
        bank.lives, bank.people, bank.calendar, events["who"], events["day"]
    )
    answers = np.where(activity > 0, _ANSWERS, _ANSWERS_WHEN_SILENT)
    is_answered = is_inbound | (rng.random(size) < answers)
    seconds = np.minimum(20 + rng.gamma(1.5, 120, size), _LONGEST_CALL).astype(int)
    events["duration"] = np.where(is_answered, seconds, 0)
    is_machine = (events["event_type"] == "enquiry") & (rng.random(size) < _BY_MACHINE)
    agent = rng.integers(1, _AGENTS + 1, size)
    events["agent"] = np.where(is_machine, 0, agent)
    events["is_inbound"] = is_inbound
    events["is_verified"] = ~is_inbound | (rng.random(size) < _IS_VERIFIED)
    return to_table(bank, events)


def _call_with_offers(bank: Bank, month: int) -> Events:
    offers = draw_offers(bank, month)
    is_called = (offers["channel"] == BY_PHONE) & ~offers["is_control"]
    return place(offers["who"][is_called], offers["day"][is_called], "offer")


def _call_for_service(bank: Bank, rng: np.random.Generator, month: int) -> Events:
    """Call customers about their accounts, whether or not they are still active."""
    first, end = bank.calendar.month_starts[month : month + 2]
    is_open = (bank.people.registered < first) & (bank.lives.closed >= end)
    is_called = rng.random(len(bank.people)) < _SERVICE_CALLS_PER_MONTH
    who = np.flatnonzero(is_open & is_called)
    return place(who, rng.integers(first, end, len(who)), "service_call")
