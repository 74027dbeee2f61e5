"""A synthetic bank before it is written down: everybody, everything, all months."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipelines.demo.synthetic_bank.accounts import Accounts, simulate_accounts
from pipelines.demo.synthetic_bank.dormancy import Lives, simulate_lives
from pipelines.demo.synthetic_bank.people import People, build_people
from pipelines.demo.synthetic_bank.relations import Relations, find_twins, relate
from pipelines.demo.synthetic_bank.seasons import Calendar, build_calendar


@dataclass(frozen=True)
class Bank:
    """Who the customers are, how they live, what they hold, whom they belong with."""

    seed: int
    calendar: Calendar
    people: People
    lives: Lives
    accounts: Accounts
    relations: Relations

    def open_account_of(
        self, product: int, who: np.ndarray, day: np.ndarray
    ) -> np.ndarray:
        """Find the account of a product that each customer has open on a day.

        Returns
        -------
        ndarray of int
            Positions in ``accounts``, -1 for none. The product must be one that nobody
            has twice.
        """
        numbers = np.flatnonzero(self.accounts.product == product)
        found = np.full(len(self.people), -1)
        found[self.accounts.who[numbers]] = numbers
        account = found[who]
        is_open = (account >= 0) & (self.accounts.opened[account] < day)
        return np.where(is_open & (day < self.accounts.closed[account]), account, -1)


def build_bank(seed: int, customers: int, start: date, months: int) -> Bank:
    """Simulate a bank; the same arguments give the same bank."""
    calendar = build_calendar(start, months)
    people = build_people(seed, customers, calendar)
    twins = find_twins(seed, people)
    first, _ = twins
    people = replace(people, birth=people.birth[first], gender=people.gender[first])
    lives = simulate_lives(seed, people, calendar)
    accounts = simulate_accounts(seed, people, lives, calendar)
    relations = relate(seed, lives, people, twins)
    return Bank(seed, calendar, people, lives, accounts, relations)
