import pandas as pd
import pytest

from models.explore.profiling import associate, profile, rate_by_bin
from models.modify.treatments import decide_treatment

LABEL = pd.Series([0, 1] * 50)
EQUAL = pd.Series([1.0] * 100)


def profile_one(train, test=None, weight=EQUAL):
    test = train if test is None else test
    columns = profile(
        pd.DataFrame({"x": train}), LABEL, weight, pd.DataFrame({"x": test})
    )
    (row,) = columns.to_dict("records")
    return row


def test_a_column_that_is_the_label_tells_more_than_one_that_is_not():
    telling = profile_one(LABEL.astype(float))
    silent = profile_one([1.0, 1.0, 2.0, 2.0] * 25)

    assert telling["information_value"] > 1
    assert silent["information_value"] == pytest.approx(0)


def test_being_missing_can_tell_of_the_label():
    row = profile_one([None, 5.0] * 50)

    assert row["missing_share"] == 0.5
    assert row["label_rate_where_missing"] == 0
    assert row["information_value"] > 1


def test_a_shifted_column_drifts_and_a_repeated_one_does_not():
    column = pd.Series(range(100), dtype=float)

    assert profile_one(column, column + 50)["drift_psi"] > 0.25
    assert profile_one(column, column)["drift_psi"] == pytest.approx(0)


def test_a_level_that_training_did_not_show_is_drift():
    row = profile_one(["female", "male"] * 50, ["unknown"] * 100)

    assert row["kind"] == "text"
    assert row["drift_psi"] > 0.25


def test_a_row_counts_for_as_many_as_it_speaks_for():
    # Ones speak for three each: 150 of 200 rows.
    weight = pd.Series([1.0, 3.0] * 50)

    row = profile_one(LABEL.astype(float), weight=weight)
    assert row["mean"] == 0.75

    row = profile_one([5.0, None] * 50, weight=weight)
    assert row["missing_share"] == 0.75


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0] * 100, "drop"),
        ([None] * 100, "drop"),
        ([0.0] * 95 + [1.0] * 5, "scale"),
        (list(range(100)), "scale"),
        ([float(2**n) for n in range(20)] * 5, "log_scale"),
        (["female", "male"] * 50, "one_hot"),
    ],
    ids=["constant", "always missing", "rare flag", "even", "skewed", "text"],
)
def test_a_column_is_treated_by_what_it_looks_like(values, expected):
    values = pd.Series(values, dtype=None if isinstance(values[0], str) else float)

    assert decide_treatment(profile_one(values))[0] == expected


def test_the_rate_along_a_column_rises_where_the_label_does():
    column = pd.DataFrame({"x": range(100)}, dtype=float)
    label = pd.Series([0] * 50 + [1] * 50)

    rates = rate_by_bin(column, label, EQUAL)

    assert rates["label_rate"].tolist() == [0.0] * 5 + [1.0] * 5
    assert rates["row_share"].sum() == pytest.approx(1)


def test_rows_count_by_weight_and_the_missing_stand_apart():
    column = pd.DataFrame({"x": [1.0, 1.0, None, None]})
    weight = pd.Series([3.0, 1.0, 1.0, 1.0])

    rates = rate_by_bin(column, pd.Series([1, 0, 0, 1]), weight)

    assert rates["label_rate"].tolist() == [0.75, 0.5]
    assert rates["is_missing"].tolist() == [False, True]


def test_rare_texts_share_a_bin_and_the_commonest_comes_first():
    texts = ["often"] * 60 + [f"rare {number}" for number in range(40)]

    rates = rate_by_bin(pd.DataFrame({"x": texts}), LABEL, EQUAL)

    assert len(rates) == 11
    assert rates["row_share"].iloc[0] == pytest.approx(0.6)


def test_columns_that_rank_alike_are_associated_whatever_their_scale():
    x = pd.Series(range(1, 101), dtype=float)
    columns = pd.DataFrame({"x": x, "log": x**3, "less": -x, "text": "a"})

    association = associate(columns)

    assert list(association) == ["x", "log", "less"]
    assert association.loc["x", "log"] == pytest.approx(1)
    assert association.loc["x", "less"] == pytest.approx(-1)
