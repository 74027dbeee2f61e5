"""Is the same row, written twice, never learnt from and judged on?"""

import numpy as np
import pandas as pd

from models.sample.copies import join_groups, number_copies

RANDOM = np.random.default_rng(0)


def test_rows_written_several_times_are_one_group():
    once = pd.DataFrame(RANDOM.normal(size=(300, 6)), columns=list("abcdef"))
    rows = pd.concat([once] * 4).sample(frac=1, random_state=0).reset_index(drop=True)

    numbers = number_copies(rows)

    assert len(set(numbers)) == 300
    assert len(set(zip(numbers, rows["a"], strict=True))) == 300


def test_only_some_rows_written_twice_are_found_too():
    once = pd.DataFrame(RANDOM.normal(size=(300, 3)), columns=list("abc"))

    numbers = number_copies(pd.concat([once, once[:7]], ignore_index=True))

    assert numbers[300:].tolist() == numbers[:7].tolist()


def test_one_telling_column_among_coarse_ones_is_enough():
    once = pd.DataFrame(
        {
            "amount": RANDOM.normal(size=300),
            "sex": RANDOM.choice(["f", "m"], 300),
            "city": RANDOM.choice(list("abcde"), 300),
        }
    )

    assert len(set(number_copies(pd.concat([once, once[:50]])))) == 300


def test_customers_who_are_alike_by_chance_are_no_copies():
    rows = pd.DataFrame(
        {name: RANDOM.integers(0, 3, 500).astype(float) for name in "abcd"}
    )

    assert rows.duplicated().any()
    assert number_copies(rows) is None


def test_a_gap_is_equal_to_a_gap():
    rows = pd.DataFrame({"a": [np.nan, np.nan, 1.0], "b": [0.25, 0.25, 0.5]})

    assert number_copies(rows).tolist() == [0, 0, 1]


def test_groups_are_joined_by_either():
    one, other = np.array([0, 1, 2, 3, 3]), np.array([5, 5, 6, 7, 6])

    assert join_groups(one, other).tolist() == [0, 0, 1, 1, 1]
