import numpy as np
import pandas as pd
import pytest

from models.explain.reasons import choose_reasons

CONCEPTS = pd.DataFrame(
    [
        ("gender", "person", 0, "other"),
        ("silence", "recency", -1, "less"),
        ("gap", "recency", -1, "less"),
        ("balance", "balances", 1, "other"),
        ("wait", "service", -1, "other"),
    ],
    columns=["column", "concept", "orientation", "when_missing"],
).set_index("column")


AVERAGES = pd.DataFrame(
    {
        "median": {"silence": 30.0, "gap": 5.0, "balance": 100.0, "wait": 2.0},
        "mean": {"silence": 40.0, "gap": 5.0, "balance": 100.0, "wait": 3.0},
    }
)


def reasons_of(contributions, **values):
    X = pd.DataFrame(
        [
            {"gender": "male", "silence": 30.0, "gap": 5.0, "balance": 1.0, "wait": 1.0}
            | values
        ]
    )
    chosen = choose_reasons(np.array([contributions]), X, AVERAGES, CONCEPTS)
    assert chosen["row"].eq(0).all()
    assert list(chosen["reason_rank"]) == list(range(1, len(chosen) + 1))
    return list(zip(chosen["concept"], chosen["level"], strict=True))


def test_columns_of_one_concept_count_together_and_three_are_enough():
    assert reasons_of([0.1, 0.2, 0.2, 0.3, 0.15], gap=9.0, silence=31.0) == [
        ("recency", "less"),
        ("balances", "less"),
        ("service", "more"),
    ]


def test_what_lowers_a_score_is_no_reason():
    assert reasons_of([-1.0, 0.5, -0.6, 0.1, 0.0]) == [("balances", "less")]
    assert reasons_of([-1.0, -1.0, -1.0, -1.0, -1.0]) == []


def test_what_hardly_raises_a_score_is_not_worth_saying():
    assert reasons_of([0.049, 0.02, 0.02, 0.05, 0.0]) == [("balances", "less")]


def test_the_column_that_adds_most_says_more_or_less():
    assert reasons_of([0, 0.1, 0.9, 0, 0], silence=1.0, gap=9.0) == [
        ("recency", "less")
    ]
    assert reasons_of([0, 0.9, 0.1, 0, 0], silence=1.0, gap=9.0) == [
        ("recency", "more")
    ]


@pytest.mark.parametrize(
    ("contributions", "values", "reason"),
    [
        ([0, 1, 0, 0, 0], {"silence": np.nan}, ("recency", "less")),
        ([0, 0, 0, 0, 1], {"wait": np.nan}, ("service", "other")),
        ([0, 0, 0, 1, 0], {"balance": 100.0}, ("balances", "other")),
        ([1, 0, 0, 0, 0], {}, ("person", "other")),
        # Just the median, of many who wait less than the mean.
        ([0, 0, 0, 0, 1], {"wait": 2.0}, ("service", "more")),
        # Silent for longer than half of the others, though for less than the mean.
        ([0, 1, 0, 0, 0], {"silence": 35.0}, ("recency", "less")),
    ],
)
def test_neither_more_nor_less_is_invented(contributions, values, reason):
    assert reasons_of(contributions, **values) == [reason]
