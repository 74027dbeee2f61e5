"""What customers do at the ATM, at the counter, with a card and online."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.arrivals import (
    Events,
    choose_kinds,
    draw_amounts,
    draw_arrivals,
    is_in_month,
    place,
    select,
    sign_amounts,
    stack,
    to_table,
)
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import (
    BRANCH_COMPLAINT,
    LONG_WAIT,
    ONLINE_COMPLAINT,
)
from pipelines.demo.synthetic_bank.people import BRANCHES
from pipelines.demo.synthetic_bank.products import CC01, CUR02, FD01, IN01, TD12, WM01
from pipelines.demo.synthetic_bank.seasons import (
    ATM,
    BRANCH,
    CARD,
    ONLINE,
    draw_seconds,
    stream,
)

_ATM_KINDS = {"withdrawal": 0.62, "enquiry": 0.19, "deposit": 0.14, "transfer": 0.05}
_BRANCH_KINDS = {
    "withdrawal": 0.26,
    "deposit": 0.25,
    "transfer": 0.17,
    "enquiry": 0.22,
    "advice": 0.10,
}
_CARD_KINDS = {"purchase": 0.97, "cash_withdrawal": 0.03}
_ONLINE_KINDS = {
    "login": 0.51,
    "payment": 0.28,
    "transfer": 0.19,
    "detail_change": 0.02,
}
_CATEGORIES = {  # ISO 18245, from groceries to hotels
    "5411": 0.34,
    "5812": 0.20,
    "5311": 0.12,
    "4111": 0.09,
    "5541": 0.08,
    "5912": 0.07,
    "5651": 0.05,
    "5732": 0.03,
    "7011": 0.02,
}
_CASH_CATEGORY = "6011"
_REFUNDS_PER_PURCHASE = 0.015
_INCOMING_PER_EVENT = 0.06
_CREDIT_SHARE = 0.55  # of the card use of who has a credit card
_FOREIGN_SHARE = 0.15  # of the transfers of who has a foreign-currency account
_CNY_PER_UNIT = 7
_MERCHANTS = 20_000
_TERMINALS_PER_BRANCH, _NEARBY_SHARE = 4, 0.75
_YOUNG, _MOBILE_SHARE_YOUNG, _MOBILE_SHARE_OLD = 50, 0.88, 0.60
_LONGEST_USUAL_WAIT, _LONGEST_WAIT = 29 * 60, 110 * 60  # seconds


def visit_atms(bank: Bank, month: int) -> pa.Table:
    """Make a month's events at the ATMs."""
    rng = stream(bank.seed, "atm", month)
    events = draw_arrivals(bank, rng, month, ATM)
    size = len(events["who"])
    events["event_type"] = choose_kinds(rng, _ATM_KINDS, size)
    amount = np.ceil(draw_amounts(bank, rng, events["who"], 6.7) / 100) * 100
    events["amount"] = sign_amounts(np.minimum(amount, 20_000), events["event_type"])
    branch = bank.people.branch[events["who"]]
    is_nearby = rng.random(size) < _NEARBY_SHARE
    branch = np.where(is_nearby, branch, rng.integers(0, BRANCHES, size))
    which = rng.integers(1, _TERMINALS_PER_BRANCH + 1, size)
    events["terminal"] = branch * _TERMINALS_PER_BRANCH + which
    return to_table(bank, events)


def visit_branches(bank: Bank, month: int) -> pa.Table:
    """Make a month's visits, with the ordinary and the long waits."""
    rng = stream(bank.seed, "branch", month)
    usual = draw_arrivals(bank, rng, month, BRANCH)
    usual["event_type"] = choose_kinds(rng, _BRANCH_KINDS, len(usual["who"]))
    waited = find_incidents(bank, month, LONG_WAIT, "enquiry")
    complained = find_incidents(bank, month, BRANCH_COMPLAINT, "complaint")
    events = stack(waited, usual, complained, *_open_and_close(bank, month))
    size = len(events["who"])
    kinds = events["event_type"]
    amount = np.round(draw_amounts(bank, rng, events["who"], 8.6), -2) + 100
    events["amount"] = sign_amounts(np.minimum(amount, 500_000), kinds)
    has_account = ~np.isnan(events["amount"]) | (kinds == "account_opening")
    events["account"] = np.where(has_account, events["account"], -1)
    events["second"] = draw_seconds(rng, BRANCH, size)
    usual_wait = np.minimum(rng.gamma(2.0, 270, size), _LONGEST_USUAL_WAIT)
    long_wait = np.minimum(31 * 60 + rng.exponential(720, size), _LONGEST_WAIT)
    is_long = np.arange(size) < len(waited["who"])
    events["wait"] = np.where(is_long, long_wait, usual_wait).astype(int)
    events["service"] = 60 + rng.gamma(2.0, 150, size).astype(int)
    events["teller"] = rng.integers(1, 7, size)
    return to_table(bank, events)


def use_cards(bank: Bank, month: int) -> pa.Table:
    """Make a month's card postings, refunds among them."""
    rng = stream(bank.seed, "card", month)
    events = draw_arrivals(bank, rng, month, CARD)
    size = len(events["who"])
    kinds = events["event_type"] = choose_kinds(rng, _CARD_KINDS, size)
    credit = bank.open_account_of(CC01, events["who"], events["day"])
    is_credit = (credit >= 0) & (rng.random(size) < _CREDIT_SHARE)
    events["account"] = np.where(is_credit, credit, events["who"])
    amount = draw_amounts(bank, rng, events["who"], 4.6)
    is_cash = kinds == "cash_withdrawal"
    amount = np.where(is_cash, np.ceil(amount / 50) * 500, amount)
    events["amount"] = sign_amounts(amount, kinds)
    events["merchant"] = (_MERCHANTS * rng.random(size) ** 3).astype(int)
    category = choose_kinds(rng, _CATEGORIES, size)
    events["category"] = np.where(is_cash, _CASH_CATEGORY, category)
    is_refunded = ~is_cash & (rng.random(size) < _REFUNDS_PER_PURCHASE)
    refunds = select(events, is_refunded)
    refunds["event_type"] = np.full(is_refunded.sum(), "refund")
    refunds["day"] = refunds["day"] + rng.integers(1, 6, is_refunded.sum())
    refunds["amount"] = -refunds["amount"]
    # A refund that would fall into another month, or after the account, is not made.
    is_made = is_in_month(bank, month, refunds["day"])
    is_made &= refunds["day"] < bank.accounts.closed[refunds["account"]]
    return to_table(bank, stack(events, select(refunds, is_made)))


def go_online(bank: Bank, month: int) -> pa.Table:
    """Make a month's online-banking events, money that comes in among them."""
    rng = stream(bank.seed, "online", month)
    usual = draw_arrivals(bank, rng, month, ONLINE)
    usual["event_type"] = choose_kinds(rng, _ONLINE_KINDS, len(usual["who"]))
    incoming = select(usual, rng.random(len(usual["who"])) < _INCOMING_PER_EVENT)
    incoming["event_type"] = np.full(len(incoming["who"]), "incoming_transfer")
    complained = find_incidents(bank, month, ONLINE_COMPLAINT, "complaint")
    bought = _buy_online(bank, month)
    events = stack(bought, usual, incoming, complained)
    size = len(events["who"])
    amount = sign_amounts(
        draw_amounts(bank, rng, events["who"], 6.0), events["event_type"]
    )
    amount[: len(bought["who"])] = bought["amount"]
    foreign = bank.open_account_of(CUR02, events["who"], events["day"])
    is_foreign = (events["event_type"] == "transfer") & (foreign >= 0)
    is_foreign &= rng.random(size) < _FOREIGN_SHARE
    events["amount"] = np.where(is_foreign, np.round(amount / _CNY_PER_UNIT, 2), amount)
    account = np.where(is_foreign, foreign, events["who"])
    events["account"] = np.where(np.isnan(amount), -1, account)
    events["second"] = draw_seconds(rng, ONLINE, size)
    is_young = bank.people.age[events["who"]] < _YOUNG
    share = np.where(is_young, _MOBILE_SHARE_YOUNG, _MOBILE_SHARE_OLD)
    events["is_mobile"] = rng.random(size) < share
    return to_table(bank, events)


def find_incidents(bank: Bank, month: int, kind: int, event_type: str) -> Events:
    """Find the month's long waits, or complaints at one channel."""
    incidents = bank.lives.incidents
    is_meant = incidents["kind"] == kind
    is_meant &= is_in_month(bank, month, incidents["day"])
    return place(incidents["who"][is_meant], incidents["day"][is_meant], event_type)


def _open_and_close(bank: Bank, month: int) -> tuple[Events, Events, Events]:
    """Find the visits for advice before an account, to open it, and to leave."""
    accounts, closed = bank.accounts, bank.lives.closed
    is_here = ~accounts.is_online
    is_advised = is_here & (accounts.decided < accounts.opened)
    is_advised &= is_in_month(bank, month, accounts.decided)
    opened = np.flatnonzero(is_here & is_in_month(bank, month, accounts.opened))
    leaving = np.flatnonzero(is_in_month(bank, month, closed))
    return (
        place(accounts.who[is_advised], accounts.decided[is_advised], "advice"),
        place(accounts.who[opened], accounts.opened[opened], "account_opening", opened),
        place(leaving, closed[leaving], "account_closing"),
    )


def _buy_online(bank: Bank, month: int) -> Events:
    accounts = bank.accounts
    is_bought = accounts.is_online & is_in_month(bank, month, accounts.opened)
    bought = np.flatnonzero(is_bought)
    events = place(accounts.who[bought], accounts.opened[bought], "purchase")
    is_paid = np.isin(accounts.product[bought], [TD12, WM01, FD01, IN01])
    events["amount"] = np.where(is_paid, -accounts.principal[bought], np.nan)
    return events
