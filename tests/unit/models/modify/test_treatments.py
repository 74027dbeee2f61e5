import numpy as np
import pandas as pd

from models.modify.treatments import MOST_DEVIATIONS, build_columns

TREATMENTS = {"age": "scale", "balance": "log_scale", "gender": "one_hot"}


def draw_rows(count=500):
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": random.normal(45, 12, count),
            "balance": random.lognormal(8, 2, count),
            "gender": random.choice(["female", "male"], count),
        }
    )


def test_what_lies_far_outside_is_cut_off_and_nothing_else_is():
    rows = draw_rows()
    columns = build_columns(TREATMENTS).fit(rows)
    odd = rows.copy()
    odd.loc[0, ["age", "balance"]] = [1e9, -1e300]
    odd.loc[1, ["age", "balance"]] = np.nan

    prepared = columns.transform(odd)

    assert columns.transform(rows)[:, :2].max() < MOST_DEVIATIONS
    assert sorted(prepared[0, :2]) == [-MOST_DEVIATIONS, MOST_DEVIATIONS]
    assert np.isfinite(prepared).all()
    assert np.array_equal(prepared[2:], columns.transform(rows)[2:])
