"""What customers paid at once for wealth products, funds and insurance."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.products import FD01, IN01, WM01

_TERM_DAYS = 365
_WEALTH_RATE = 0.036  # a year, as the balances have it


def list_purchases(bank: Bank) -> pa.Table:
    """List the purchases behind the accounts, those before the start included.

    An account opens with a purchase of its principal. A wealth product runs for a year,
    and what it has grown to is then put into the next one.

    Returns
    -------
    Table
        ``account`` and ``number`` (positions in ``bank.accounts``), ``term`` (0 for the
        first purchase), ``subscribed_date`` and ``amount``.
    """
    accounts, days = bank.accounts, bank.calendar.days
    is_bought = np.isin(accounts.product, [WM01, FD01, IN01])
    bought = np.flatnonzero(is_bought & (accounts.opened < days))
    ends = np.minimum(accounts.closed[bought], days)
    runs_on = accounts.product[bought] == WM01
    terms = np.where(runs_on, (ends - 1 - accounts.opened[bought]) // _TERM_DAYS, 0)
    account = np.repeat(bought, terms + 1)
    begins = np.repeat(np.cumsum(terms + 1) - terms - 1, terms + 1)
    term = np.arange(len(account)) - begins
    amount = accounts.principal[account] * (1 + _WEALTH_RATE) ** term
    day = accounts.opened[account] + term * _TERM_DAYS
    return pa.table(
        {
            "account": account,
            "number": account,
            "term": term,
            "subscribed_date": bank.calendar.epoch + day,
            "amount": np.round(amount, 2),
        }
    )
