import numpy as np
import pytest

from pipelines.discovery.any_table import explore, modify, sample
from pipelines.discovery.any_table.request import Request

ROWS = 900


def test_a_perfect_predictor_is_named_and_left_out_unless_allowed(
    settings, write, make_rows
):
    rows = make_rows()
    rows["refund"] = np.where(rows["leaves"] == "yes", 7.5, 0.0)
    drawn = sample.draw(settings, Request(write(rows), "leaves", drop=("joined",)))
    columns = explore.profile_columns(drawn, seed=0)

    kept = modify.decide(drawn, columns, allow_leak=True)
    left = modify.decide(drawn, columns, allow_leak=False)

    assert kept["refund"][0] == "number"
    assert left["refund"] == (
        "drop",
        "predicts the target perfectly (AUC 1.0000 alone)",
    )
    assert left["age"][0] == "number"


def test_what_alone_tells_as_much_as_all_others_is_suspect_and_kept(
    settings, write, make_rows
):
    rows = make_rows()
    random = np.random.default_rng(3)
    rows["last_call"] = (rows["leaves"] == "yes") * 2 + random.normal(size=ROWS)
    drawn = sample.draw(settings, Request(write(rows), "leaves", drop=("joined",)))

    columns = explore.profile_columns(drawn, seed=0).set_index("column_name")

    assert columns.index[columns["leak"] != ""].tolist() == ["last_call"]
    treatments = modify.decide(drawn, columns.reset_index(), allow_leak=False)
    assert treatments["last_call"][0] == "number"


def test_honest_columns_are_no_suspects(settings, write, make_rows):
    drawn = sample.draw(settings, Request(write(make_rows()), "leaves"))

    assert (explore.profile_columns(drawn, seed=0)["leak"] == "").all()


def test_the_public_table_with_a_leak_has_it_named(settings, public_data):
    path = public_data / "uci_bank_marketing" / "bank-full.csv"
    if not path.is_file():
        pytest.skip("needs the bank marketing table in CRM_PUBLIC_DATA")
    # Few seconds of budget: a sample of rows.
    drawn = sample.draw(settings, Request(str(path), "y", budget=4))

    columns = explore.profile_columns(drawn, seed=0).set_index("column_name")

    assert drawn.counts["sampled"] < drawn.counts["total"]
    assert columns.index[columns["leak"] != ""].tolist() == ["duration"]
