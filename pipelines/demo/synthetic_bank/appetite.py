"""What makes a customer open a product: reasons that show in what the bank knows."""

import numpy as np

from pipelines.demo.synthetic_bank.dormancy import DORMANT, LATE, SALARY
from pipelines.demo.synthetic_bank.people import MEDIAN_LOG_INCOME, People
from pipelines.demo.synthetic_bank.seasons import ONLINE

FAMILIES = ("time_deposit", "credit_card", "loan", "wealth", "fund", "insurance")
TIME_DEPOSIT, CREDIT_CARD, LOAN, WEALTH, FUND, INSURANCE = range(len(FAMILIES))
# Probability a month that a customer without the family decides to open it: the mean at
# the start, before activity. Reasons spread it out.
_DECIDES = np.array([0.0085, 0.0110, 0.0065, 0.0070, 0.0080, 0.0065])
_LONGEST_ODDS = 0.35
# Months of decisions that end in an account within 90 days: opening takes some days.
_MONTHS_IN_HORIZON = 2.8


def gets_salary(people: People, states: np.ndarray) -> np.ndarray:
    """Say whose salary still comes in: it stops as the salary moves to another bank."""
    is_gone = np.isin(states, [SALARY, LATE[SALARY - 1], DORMANT])
    return people.is_salaried & ~is_gone


def is_aged(age: np.ndarray, first: int, end: int) -> np.ndarray:
    """Say who is at least so old and not yet so old."""
    return (age >= first) & (age < end)


def reason(
    people: People,
    states: np.ndarray,
    month: int,
    deposits: np.ndarray,
    holds: np.ndarray,
) -> np.ndarray:
    """Weigh each customer's reasons to open each family, on a log scale.

    Parameters
    ----------
    people : People
    states : ndarray of shape (n_customers,)
        Hidden states as the month begins.
    month : int
        Months since the start.
    deposits : ndarray of shape (n_customers,)
        Current and time deposits, in CNY.
    holds : ndarray of bool, shape (n_customers, n_families)

    Returns
    -------
    ndarray of shape (n_customers, n_families)
    """
    age = people.age + month / 12
    salary = gets_salary(people, states)
    rich = np.clip((np.log(deposits + 100) - 9.9) / 1.3, -2.5, 2.5)
    earns = np.clip((np.log(people.income) - MEDIAN_LOG_INCOME) / 0.6, -2.5, 2.5)
    total = people.rates.sum(axis=1)
    busy = np.clip((np.log(total + 0.1) - 2) / 1.2, -2.5, 2)
    digital = people.rates[:, ONLINE] / total * 4 - 1.5
    has_deposit, has_wealth = holds[:, TIME_DEPOSIT], holds[:, WEALTH]
    young, middle = is_aged(age, 22, 45), is_aged(age, 30, 56)
    settling = is_aged(age, 27, 46)
    reasons = {
        TIME_DEPOSIT: 1.1 * rich + 0.6 * is_aged(age, 50, 120),
        CREDIT_CARD: 1.2 * salary + 0.8 * young + 0.4 * earns + 0.3 * digital,
        LOAN: 1.2 * settling + 0.9 * salary + 0.4 * earns - 0.4 * rich,
        WEALTH: 1.0 * rich + 0.6 * has_deposit + 0.3 * earns,
        FUND: 0.7 * rich + 0.6 * digital + 0.8 * has_wealth + 0.4 * young,
        INSURANCE: 1.1 * middle + 0.9 * has_wealth + 0.7 * holds[:, LOAN] + 0.4 * earns,
    }
    temper = 0.2 * people.attachment + 0.25 * busy
    return np.column_stack(list(reasons.values())) + temper[:, None]


def decide(reasons: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Find the chance that a steady customer decides within a month on each family.

    Parameters
    ----------
    reasons : ndarray of shape (n_customers, n_families)
    level : ndarray of shape (n_families,)
        Mean of ``exp(reasons)`` at the start, which makes the base rates what they are.

    Returns
    -------
    ndarray of shape (n_customers, n_families)
        Of customers who do not hold it yet. Who fades decides less often.
    """
    return np.minimum(_DECIDES * np.exp(reasons) / level, _LONGEST_ODDS)


def look_ahead(chance: np.ndarray) -> np.ndarray:
    """Turn probabilities a month into those of an account opened within 90 days."""
    return 1 - (1 - chance) ** _MONTHS_IN_HORIZON
