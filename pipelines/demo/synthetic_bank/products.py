"""Who holds which product at what price, while the months go by."""

import numpy as np

from pipelines.demo.synthetic_bank.appetite import (
    FAMILIES,
    FUND,
    LOAN,
    TIME_DEPOSIT,
    WEALTH,
    is_aged,
    reason,
)
from pipelines.demo.synthetic_bank.dormancy import DORMANT, Lives
from pipelines.demo.synthetic_bank.people import MEDIAN_LOG_INCOME, People
from pipelines.demo.synthetic_bank.seasons import NEVER

PRODUCTS = ("CUR01", "CUR02", "TD12", "CC01", "LN01", "MT01", "WM01", "FD01", "IN01")
CUR01, CUR02, TD12, CC01, LN01, MT01, WM01, FD01, IN01 = range(len(PRODUCTS))
CONSUMER_LOAN_MONTHS, MORTGAGE_MONTHS = 36, 240
ACCOUNT_COLUMNS = ("who", "product", "decided", "opened", "principal", "is_online")
PRODUCT_OF_FAMILY = np.array([TD12, CC01, LN01, WM01, FD01, IN01])
SAVINGS = (TIME_DEPOSIT, WEALTH, FUND)
_OPENED_ONLINE = np.array([0.6, 0.5, 0.2, 0.6, 0.8, 0.3])  # by family
SAVED = 0.55  # of the current account goes into a new savings product
SMALLEST = {TD12: 1000, WM01: 10_000, FD01: 100}
FOREIGN_CURRENCIES = ("USD", "HKD")
_TAKES_MORTGAGE, _MORTGAGE_INCOME = 0.4, 60_000
# The log of a current account: what is usual for whom, and how far off that it starts.
_USUAL_SPREAD, START_SPREAD = 1.0, 0.53
_IS_WEALTHY, _WEALTH = 0.03, (2.5, 1.0)  # share, and normal on top


def weigh_usual(people: People, usual: np.ndarray) -> np.ndarray:
    """Weigh what may be usual in the current accounts of who earns as much.

    Parameters
    ----------
    people : People
    usual : ndarray of shape (n_customers, n_usual)
        As the log of the account, evenly spaced.

    Returns
    -------
    ndarray of shape (n_customers, n_usual)
        Probabilities.
    """
    most = _expect_usual(people)[:, None]
    mean, spread = _WEALTH
    weights = (1 - _IS_WEALTHY) * weigh_normal(usual, most, _USUAL_SPREAD)
    weights += _IS_WEALTHY * weigh_normal(
        usual, most + mean, np.hypot(_USUAL_SPREAD, spread)
    )
    return weights / weights.sum(axis=1, keepdims=True)


def weigh_normal(
    values: np.ndarray, mean: np.ndarray | float, spread: np.ndarray | float
) -> np.ndarray:
    """Give the density of a normal distribution."""
    return np.exp(-(((values - mean) / spread) ** 2) / 2) / (
        spread * np.sqrt(2 * np.pi)
    )


def _expect_usual(people: People) -> np.ndarray:
    """Find what is usual for most who earn as much, as the log of the account."""
    return 9.8 + 0.9 * (np.log(people.income) - MEDIAN_LOG_INCOME)


class Portfolio:
    """Who holds what in one month, and the list of all accounts so far.

    ``account``, ``opened`` and ``principal`` are of shape (n_customers, n_families):
    what is held beyond the current account, -1 where nothing is. ``usual`` and
    ``excess``, of shape (n_customers,), add up to the log of the current account.
    """

    def __init__(self, rng: np.random.Generator, people: People, lives: Lives):
        self.rng, self.people, self.lives = rng, people, lives
        shape = (len(people), len(FAMILIES))
        self.account = np.full(shape, -1)
        self.opened = np.full(shape, NEVER)
        self.principal = np.zeros(shape)
        self.chapters: list[dict[str, np.ndarray]] = []
        self.endings: list[tuple[np.ndarray, np.ndarray]] = []
        self.count = 0
        size = len(people)
        self.usual = _expect_usual(people) + _USUAL_SPREAD * rng.standard_normal(size)
        is_wealthy = rng.random(size) < _IS_WEALTHY
        self.usual += is_wealthy * rng.normal(*_WEALTH, size)
        self.excess = START_SPREAD * rng.standard_normal(size)
        self.excess[lives.states[:, 0] == DORMANT] -= 2

    @property
    def holds(self) -> np.ndarray:
        """Say which families each customer holds, those just decided on included."""
        return self.account >= 0

    @property
    def cash(self) -> np.ndarray:
        """Give the balance of each current account, in CNY."""
        return np.exp(self.usual + self.excess)

    def reason(self, month: int) -> np.ndarray:
        """Weigh everybody's reasons to open each family as a month begins."""
        states = self.lives.states[:, month]
        deposits = self.cash + self.principal[:, TIME_DEPOSIT]
        return reason(self.people, states, month, deposits, self.holds)

    def open_accounts(
        self,
        who: np.ndarray,
        family: np.ndarray,
        opened: np.ndarray,
        decided: np.ndarray | int = NEVER,
    ) -> None:
        """Add accounts of any family; savings are paid in from the current account."""
        product, principal = self._choose(who, family)
        is_online = self.rng.random(len(who)) < _OPENED_ONLINE[family]
        is_online &= self.people.login_from[who] <= decided
        self.account[who, family] = self.count + np.arange(len(who))
        self.opened[who, family] = opened
        self.principal[who, family] = principal
        paid = np.where(np.isin(family, SAVINGS), np.log(1 - SAVED), 0)
        np.add.at(self.excess, who, paid)
        self.append(who, product, opened, principal, decided, is_online)

    def append(
        self,
        who: np.ndarray,
        product: np.ndarray | int,
        opened: np.ndarray,
        principal: np.ndarray | int,
        decided: np.ndarray | int = NEVER,
        is_online: np.ndarray | np.bool = np.False_,
    ) -> None:
        """Add accounts to the list without any consequence."""
        columns = (who, product, decided, opened, principal, is_online)
        spread = [np.broadcast_to(column, len(who)) for column in columns]
        self.chapters.append(dict(zip(ACCOUNT_COLUMNS, spread, strict=True)))
        self.count += len(who)

    def end_accounts(
        self, who: np.ndarray, family: np.ndarray, day: np.ndarray
    ) -> None:
        """Close accounts; savings return to the current account."""
        self.endings.append((self.account[who, family], day))
        is_saved = np.isin(family, SAVINGS)
        returned = np.where(is_saved, self.principal[who, family], 0)
        np.add.at(self.excess, who, np.log1p(returned / self.cash[who]))
        self.account[who, family] = -1
        self.opened[who, family] = NEVER
        self.principal[who, family] = 0

    def _choose(
        self, who: np.ndarray, family: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose the product and its principal."""
        income, cash = self.people.income[who], self.cash[who]
        draw = self.rng.random(len(who))
        is_home = (family == LOAN) & is_aged(self.people.age[who], 28, 46)
        is_home &= (income > _MORTGAGE_INCOME) & (draw < _TAKES_MORTGAGE)
        product = np.where(is_home, MT01, PRODUCT_OF_FAMILY[family])
        principals = {
            TD12: np.maximum(cash * SAVED, SMALLEST[TD12]),
            CC01: income * (0.1 + 0.2 * draw),
            LN01: income * (0.2 + 0.6 * draw),
            MT01: income * (4 + 8 * draw),
            WM01: np.maximum(cash * SAVED, SMALLEST[WM01]),
            FD01: np.maximum(cash * SAVED * draw, SMALLEST[FD01]),
            IN01: income * (0.02 + 0.06 * draw),
        }
        principal = np.select(
            [product == kind for kind in principals], principals.values()
        )
        return product, np.round(principal, -2)
