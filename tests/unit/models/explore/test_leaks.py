import numpy as np
import pandas as pd

from models.explore.leaks import draw_rows, find_suspects, measure_alone

ROWS = 2000


def make_call(seed=0):
    """A call's length, which tells the outcome, beside four columns that tell less."""
    random = np.random.default_rng(seed)
    label = (random.uniform(size=ROWS) < 0.2).astype(int)
    seconds = np.exp(5 + 0.9 * random.normal(size=ROWS) + 1.1 * label).round()
    others = {
        f"other_{number}": random.normal(size=ROWS) + 0.35 * label
        for number in range(4)
    }
    return pd.DataFrame({"seconds": seconds} | others), label


def name_suspects(X, label):
    drawn = draw_rows(label)
    return find_suspects(X, label, measure_alone(X, label, drawn), drawn)


def test_a_leak_is_named_alone():
    assert list(name_suspects(*make_call())) == ["seconds"]


def test_a_leak_is_named_together_with_its_twin():
    X, label = make_call()
    X = X.assign(minutes=X["seconds"] / 60)

    suspects = name_suspects(X, label)

    assert set(suspects) == {"seconds", "minutes"}
    assert "minutes left aside" in suspects["seconds"]
    assert "seconds left aside" in suspects["minutes"]


def test_twins_of_an_honest_column_are_no_suspects():
    X, label = make_call()
    X = X.drop(columns="seconds")

    assert name_suspects(X.assign(twin=X["other_0"] * 2), label) == {}


def test_where_every_column_is_perfect_each_is_named():
    X, label = make_call()
    X = pd.DataFrame({"fee": label * 2.0, "refund": label * -3.0})

    assert set(name_suspects(X, label)) == {"fee", "refund"}
