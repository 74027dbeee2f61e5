from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.model.cross_fitting import split_folds
from pipelines.discovery.any_table import sample
from pipelines.discovery.any_table.request import Request
from pipelines.foundation.errors import DataQualityError, PipelineError, UsageError
from pipelines.foundation.warehouse import connect

ROWS = 900


def test_a_test_file_without_a_column_names_it(settings, write, make_rows):
    request = Request(
        write(make_rows()),
        "leaves",
        test=Path(write(make_rows(1).drop(columns="age"), "b.csv")),
    )

    with pytest.raises(UsageError, match="has no column age"):
        sample.draw(settings, request)


def test_with_a_time_the_latest_fifth_is_predicted_from_what_came_before(
    settings, write, make_rows
):
    rows = make_rows().sample(frac=1, random_state=0)

    drawn = sample.draw(settings, Request(write(rows), "leaves", time_column="joined"))

    ((train, test),) = drawn.splits
    joined = rows["joined"].to_numpy()[drawn.keys["row_number"] - 1]
    assert len(test) == ROWS / 5
    assert joined[train].max() < joined[test].min()
    assert "joined" not in drawn.X


def test_rows_of_one_group_are_never_on_both_sides_of_any_split(
    settings, write, make_months
):
    request = Request(write(make_months()), "leaves", group_column="customer")

    drawn = sample.draw(settings, request)

    assert "customer" not in drawn.X
    assert len(drawn.splits) == 5
    for train, test in drawn.splits:
        assert not set(drawn.group[train]) & set(drawn.group[test])
        groups = drawn.group_of(train)
        for fit, tune in split_folds(drawn.label[train], 0, groups):
            assert not set(groups[fit]) & set(groups[tune])


def test_too_few_groups_to_hold_any_out_are_refused(settings, write, make_rows):
    rows = make_rows().assign(region=np.arange(ROWS) % 7)

    with pytest.raises(DataQualityError, match="7 groups of region"):
        sample.draw(settings, Request(write(rows), "leaves", group_column="region"))


def test_a_table_of_the_warehouse_is_read_by_name(settings, make_rows):
    rows = make_rows()  # noqa: F841 - DuckDB finds it by its name
    with connect(settings) as connection:
        connection.execute("create schema own; create table own.members as from rows")

    drawn = sample.draw(settings, Request("own.members", "leaves"))

    assert drawn.counts == {
        "total": ROWS,
        "sampled": ROWS,
        "labelled": ROWS,
        "positives": (make_rows()["leaves"] == "yes").sum(),
    }


def test_a_name_with_brackets_reads_that_file_and_no_other(settings, write, make_rows):
    write(make_rows(1, 600), "a1.csv")

    drawn = sample.draw(settings, Request(write(make_rows(), "a[1].csv"), "leaves"))

    assert drawn.counts["total"] == ROWS


def test_a_large_table_is_sampled_so_that_shares_stay_true(settings, write, make_rows):
    rows = make_rows(count=8000)
    request = Request(write(rows, "many.parquet"), "leaves", budget=0.5)

    drawn = sample.draw(settings, request)

    assert 1500 < drawn.counts["sampled"] < 2500
    share = drawn.counts["positives"] / drawn.counts["labelled"]
    assert share == pytest.approx((rows["leaves"] == "yes").mean(), abs=0.03)
    assert drawn.hash() == sample.draw(settings, request).hash()


def test_a_test_file_is_read_as_what_is_learnt_from(settings, write, make_rows):
    rows = make_rows()
    rows["in_debt"] = np.where(np.arange(ROWS) % 3, "yes", "no")
    rows.loc[:5, "in_debt"] = "unknown"
    rows["due"] = rows["joined"].dt.strftime("%d/%m/%Y")
    rows.loc[:5, "leaves"] = "maybe"
    tested = rows[rows["joined"].dt.day <= 12][6:200].drop(columns="joined")
    comma = tested.assign(
        noise=tested["noise"].map(lambda v: f"{v:.4f}".replace(".", ","))
    )
    path = write(rows.drop(columns="joined"))
    request = Request(path, "leaves", positive="yes", test=Path(write(comma, "b.csv")))

    drawn = sample.draw(settings, request)

    X = drawn.X[ROWS:].reset_index(drop=True)
    assert X["in_debt"].tolist() == tested["in_debt"].tolist()
    assert X["noise"].to_numpy() == pytest.approx(tested["noise"], abs=1e-4)
    due = pd.to_datetime(tested["due"], format="%d/%m/%Y")
    assert X["due"].tolist() == (due - pd.Timestamp(0)).dt.days.tolist()
    assert drawn.label[ROWS:].sum() == (tested["leaves"] == "yes").sum() > 0


def test_what_is_wholly_unknown_in_a_test_file_is_refused(settings, write, make_rows):
    unseen = make_rows(1)
    unseen["joined"] = unseen["joined"].dt.strftime("%b %d %Y")
    request = Request(write(make_rows()), "leaves", test=Path(write(unseen, "b.csv")))

    with pytest.raises(DataQualityError, match="nothing is known of joined") as raised:
        sample.draw(settings, request)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "stray", ["None", "n/a", "na", "-", "#N/A", "nil", "\\N", ".", "未知"]
)
def test_one_stray_cell_leaves_a_number_a_number(settings, write, stray, make_rows):
    rows = make_rows().astype({"noise": object})
    rows.loc[7, "noise"] = stray

    drawn = sample.draw(settings, Request(write(rows), "leaves"))

    assert drawn.X["noise"].isna().tolist() == [row == 7 for row in range(ROWS)]


# DuckDB itself does what pandas warns of, where a time has a zone.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("name", ["open.csv", "open.parquet"])
def test_the_end_and_the_beginning_of_time_are_days_like_any_other(
    settings, write, name, make_rows
):
    rows = make_rows()
    days = pd.Series(["9999-12-31", "0001-01-01", "2024-05-01", None] * (ROWS // 4))
    rows["closed"] = days.astype("datetime64[us]")
    rows["opened"] = pd.Timestamp("2024-05-01 12:00", tz="Asia/Shanghai")

    drawn = sample.draw(settings, Request(write(rows, name), "leaves"))

    assert drawn.X["closed"][:3].tolist() == [2932896.0, -719162.0, 19844.0]
    assert np.isnan(drawn.X["closed"][3])
    assert drawn.X["opened"][0] == 19844 + 4 / 24


def test_an_id_that_is_learnt_from_is_not_predicted(settings, write, make_rows):
    tested = pd.concat([make_rows(1, 40), make_rows()[:3]])
    request = Request(
        write(make_rows()),
        "leaves",
        id_column="member",
        test=Path(write(tested, "b.csv")),
    )

    with pytest.raises(DataQualityError, match="3 of 43 rows") as raised:
        sample.draw(settings, request)
    assert "canary" not in str(raised.value)


def test_ids_that_are_numbers_here_and_text_there_become_text(
    settings, write, make_rows
):
    rows = make_rows().assign(member=np.arange(ROWS))
    tested = Path(write(make_rows(1, 40), "b.csv"))

    drawn = sample.draw(
        settings, Request(write(rows), "leaves", id_column="member", test=tested)
    )

    assert drawn.keys["member"].iloc[[0, -1]].tolist() == ["0", "canary-1-39"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_column": "month"}, "month is neither number, date nor timestamp"),
        ({"time_column": "calls"}, "calls is neither number"),
        ({"time_column": "rarely"}, "missing in 899 of 900 rows"),
        ({"id_column": "calls"}, "holds lists"),
        ({"target": "calls"}, "holds lists"),
    ],
)
def test_what_orders_or_names_nothing_gets_one_line(
    settings, write, options, message, make_rows
):
    rows = make_rows()
    rows["month"] = rows["joined"].dt.strftime("%b %Y")
    rows["rarely"] = rows["joined"].where(rows.index == 0)
    rows["calls"] = [[1, 2]] * ROWS
    path = write(rows, "members.parquet")

    with pytest.raises(PipelineError, match=message) as raised:
        sample.draw(settings, Request(**{"source": path, "target": "leaves"} | options))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age^leaves\n1^no\n", "delimiter was not recognised"),
        ("age:leaves\n1:no\n", "delimiter was not recognised"),
        ("age,leaves\n", "has no rows"),
    ],
)
def test_a_file_of_one_column_or_of_no_rows_is_called_that(
    settings, tmp_path, text, message
):
    path = tmp_path / "members.csv"
    path.write_text(text)

    with pytest.raises(PipelineError, match=message):
        sample.draw(settings, Request(str(path), "leaves"))
