"""Who belongs with whom: joint holders, households, and people registered twice."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.synthetic_bank.dormancy import Lives
from pipelines.demo.synthetic_bank.people import People
from pipelines.demo.synthetic_bank.seasons import NEVER, stream

_JOINT_SHARE = 0.03
_LIVES_WITH_NEXT, _DECLARES_HOUSEHOLD = 0.12, 0.7
_REGISTERED_AGAIN, _SHOWS_DOCUMENT = 0.025, 0.6


@dataclass(frozen=True)
class Relations:
    """How customers are related, as arrays of the length of ``People``.

    Attributes
    ----------
    joint : ndarray of int
        Second holder of each customer's current account, -1 for none.
    household : ndarray of int
        Position of the household's first member: one's own for who lives alone.
    is_household_declared : ndarray of bool
    first : ndarray of int
        Position of the same person's first registration, mostly one's own.
    shows_document : ndarray of bool
        Of who is registered again: whether the document was recorded both times.
        Otherwise birth date and telephone number are what both registrations share.
    """

    joint: np.ndarray
    household: np.ndarray
    is_household_declared: np.ndarray
    first: np.ndarray
    shows_document: np.ndarray

    @property
    def is_again(self) -> np.ndarray:
        """Say which registrations are somebody's second."""
        return self.first != np.arange(len(self.first))


def find_twins(seed: int, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Let some be the same person as somebody registered before, of about their age.

    Returns
    -------
    first : ndarray of int
    shows_document : ndarray of bool
        As in :class:`Relations`.
    """
    rng = stream(seed, "twins")
    size = len(people)
    order = np.argsort(people.birth, kind="stable")
    pairs = np.sort(order[: size // 2 * 2].reshape(-1, 2), axis=1)
    chosen = pairs[rng.random(len(pairs)) < 2 * _REGISTERED_AGAIN]
    first = np.arange(size)
    first[chosen[:, 1]] = chosen[:, 0]
    return first, rng.random(size) < _SHOWS_DOCUMENT


def relate(
    seed: int, lives: Lives, people: People, twins: tuple[np.ndarray, np.ndarray]
) -> Relations:
    """Give some a joint holder and some a household."""
    rng = stream(seed, "relations")
    size = len(people)
    everyone = np.arange(size)
    # A joint account's holders both stay with the bank.
    stays = (people.registered < 0) & (lives.closed == NEVER)
    is_owner = rng.random(size) < _JOINT_SHARE
    is_owner &= stays & np.append(stays[1:], np.False_)
    # Neighbours in the register stand for families.
    lives_with_next = is_owner | (rng.random(size) < _LIVES_WITH_NEXT)
    begins = np.append(np.True_, ~lives_with_next[:-1])
    household = np.maximum.accumulate(np.where(begins, everyone, 0))
    members = np.bincount(household, minlength=size)
    is_declared = rng.random(size) < _DECLARES_HOUSEHOLD
    first, shows_document = twins
    return Relations(
        joint=np.where(is_owner, everyone + 1, -1),
        household=household,
        is_household_declared=is_declared[household] & (members[household] > 1),
        first=first,
        shows_document=shows_document,
    )
