"""Tables to mine: one with every kind of column, one of customers seen monthly."""

import numpy as np
import pandas as pd
import pytest


def make_rows(seed=0, count=900):
    """A table with every kind of column, and something to find in three of them."""
    random = np.random.default_rng(seed)
    age = random.uniform(18, 80, count)
    plan = random.choice(["basic", "plus", "gold"], count)
    shop = random.integers(0, 60, count)
    log_odds = (age - 50) / 14 + 2 * (plan == "gold") + np.where(shop % 2, 1.2, -1.2)
    leaves = random.uniform(size=count) < 1 / (1 + np.exp(1.5 - log_odds))
    return pd.DataFrame(
        {
            "member": [f"canary-{seed}-{number}" for number in range(count)],
            "joined": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(np.arange(count), unit="h"),
            "age": np.where(random.uniform(size=count) < 0.1, np.nan, age),
            "plan": np.where(random.uniform(size=count) < 0.1, None, plan),
            "shop": [f"S{number:03d}" for number in shop],
            "is_abroad": random.uniform(size=count) < 0.5,
            "noise": random.normal(size=count),
            "country": "CN",
            "fax": None,
            "leaves": np.where(leaves, "yes", "no"),
        }
    )


def make_months(customers=160, months=5, seed=0):
    """Rows of customers who are what they are in every month; only ids tell."""
    random = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), months)
    return pd.DataFrame(
        {
            "customer": customer,
            "house_number": np.repeat(random.normal(size=customers), months),
            "noise": random.normal(size=len(customer)),
            "leaves": np.where(random.permutation(customers) < 60, "yes", "no")[
                customer
            ],
        }
    )


@pytest.fixture(name="make_rows", scope="session")
def give_make_rows():
    """Make rows: ``make_rows(seed, count)``."""
    return make_rows


@pytest.fixture(name="make_months", scope="session")
def give_make_months():
    """Make rows of customers: ``make_months(customers, months, seed)``."""
    return make_months


@pytest.fixture
def write(tmp_path):
    """Write rows to a file; returns its path as text."""

    def write(rows, name="members.csv"):
        path = tmp_path / name
        if path.suffix == ".parquet":
            rows.to_parquet(path, index=False)
        else:
            rows.to_csv(path, index=False, sep=";")
        return str(path)

    return write
