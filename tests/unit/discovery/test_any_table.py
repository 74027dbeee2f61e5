import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from models.model.cross_fitting import split_folds
from models.model.table_candidates import CANDIDATES
from models.modify.columns import arrange, decide_kind
from pipelines import cli
from pipelines.discovery.any_table import explore, modify, sample
from pipelines.discovery.any_table import run as any_table
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.errors import DataQualityError, PipelineError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

# The stages of a whole table, again and again: not for the inner loop.
pytestmark = pytest.mark.slow
ROWS = 900


def make_rows(seed=0, count=ROWS):
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


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    """A run on a file, with every row predicted in folds."""
    folder = tmp_path_factory.mktemp("any_table")
    settings = Settings(home=folder / "var")
    path = folder / "members.csv"
    make_rows().to_csv(path, index=False, sep=";")
    request = Request(str(path), "leaves", id_column="member", drop=("joined",))
    return settings, any_table.run(settings, request)


def read(folder, name):
    return pd.read_parquet(folder / f"{name}.parquet")


def read_figures(folder):
    """Values by candidate and metric."""
    figures = read(folder, "assessment")
    return figures.pivot_table("value", "candidate", "metric", sort=False)


def test_every_row_is_predicted_and_positives_rank_higher(mined):
    predictions = read(mined[1], "predictions")

    assert predictions["member"].tolist() == make_rows()["member"].tolist()
    assert predictions["probability"].between(0, 1).all()
    assert roc_auc_score(predictions["label"], predictions["probability"]) > 0.75


def test_each_kind_of_column_is_taken_for_what_it_is(mined):
    columns = read(mined[1], "columns").set_index("column_name")["treatment"]

    assert columns.to_dict() == {
        "age": "number",
        "plan": "category",
        "shop": "code",
        "is_abroad": "number",
        "noise": "number",
        "country": "drop",
        "fax": "drop",
    }


def test_probabilities_are_true_on_average(mined):
    figures = read_figures(mined[1])

    assert figures.loc["best", "calibration_error"] < 0.06


def test_every_figure_has_an_interval_and_one_column_alone_is_worse(mined):
    figures = read(mined[1], "assessment").set_index(["candidate", "metric"])
    best, rule = figures.loc["best"], figures.loc["best_column"]

    assert (best["low"] <= best["high"]).all()
    assert best.loc["ks", "low"] < best.loc["ks", "value"] < best.loc["ks", "high"]
    assert rule.loc["auc", "high"] < best.loc["auc", "value"]
    assert best.loc["gain_in_top_100_percent", "value"] == 1


def test_five_stages_and_every_candidate_are_mlflow_runs(mined):
    settings, folder = mined
    parent = folder.name.split("-")[-1]
    client = tracking.mlflow.MlflowClient(settings.tracking_uri)
    experiment = client.get_experiment_by_name("table_members")
    runs = client.search_runs([experiment.experiment_id])
    children = {
        run.info.run_name: run
        for run in runs
        if run.data.tags.get("mlflow.parentRunId") == parent
    }

    assert set(children) == {"sample", "explore", "modify", "model", "assess"}
    candidates = {
        run.info.run_name: run.data
        for run in runs
        if run.data.tags.get("mlflow.parentRunId") == children["model"].info.run_id
    }
    assert all(0.6 < of.metrics["out_of_fold_auc"] < 1 for of in candidates.values())
    assert all(of.params for of in candidates.values())
    figures = read_figures(folder).drop("best")
    assert {name: of.metrics["auc"] for name, of in candidates.items()} == (
        figures["auc"].to_dict()
    )
    assert set(candidates) == {*CANDIDATES, "best_column", "stack"}
    assert "best_column" not in candidates["stack"].params["members"]
    assert all(run.info.status == "FINISHED" for run in runs)


def test_the_report_is_one_page_that_needs_no_other_file_and_shows_nobody(mined):
    report = (mined[1] / "report.html").read_text()

    assert report.count("src='data:image/png;base64,") == 6
    assert "http" not in report
    assert "canary" not in report
    adjectives = re.findall(r"class='(?:yes|no)'>(?:Not )?(\w+)\.</b>", report)
    assert [adjective.lower() for adjective in adjectives] == [
        "credible",
        "novel",
        "effective",
        "understandable",
        "useful",
    ]


def test_rows_of_a_test_file_are_predicted_whatever_is_in_them(settings, write):
    unseen = make_rows(seed=1, count=40).drop(columns="leaves")
    unseen.loc[0, ["plan", "shop", "age"]] = ["platinum", "S999", 1e12]
    request = Request(
        write(make_rows()),
        "leaves",
        test=Path(write(unseen, "new.parquet")),
        drop=("joined",),
    )

    first, second = (any_table.run(settings, request) for _ in range(2))

    predictions = read(first, "predictions")
    assert predictions["row_number"].tolist() == list(range(1, 41))
    assert predictions["probability"].between(0, 1).all()
    assert "all figures are out of fold" in (first / "report.html").read_text()
    # And with one seed they are the same to the bit.
    pd.testing.assert_frame_equal(
        read(second, "predictions"), predictions, check_exact=True
    )


def test_shuffled_labels_are_not_learnt(settings, write):
    rows = make_rows(count=1200)
    rows["leaves"] = rows["leaves"].sample(frac=1, random_state=0).to_numpy()
    request = Request(
        write(rows[:800]),
        "leaves",
        test=Path(write(rows[800:], "b.csv")),
        drop=("joined",),
    )

    figures = read_figures(any_table.run(settings, request))

    assert figures["auc"].between(0.42, 0.58).all()


def test_a_test_file_without_a_column_names_it(settings, write):
    request = Request(
        write(make_rows()),
        "leaves",
        test=Path(write(make_rows(1).drop(columns="age"), "b.csv")),
    )

    with pytest.raises(UsageError, match="has no column age"):
        sample.draw(settings, request)


def test_with_a_time_the_latest_fifth_is_predicted_from_what_came_before(
    settings, write
):
    rows = make_rows().sample(frac=1, random_state=0)

    drawn = sample.draw(settings, Request(write(rows), "leaves", time_column="joined"))

    ((train, test),) = drawn.splits
    joined = rows["joined"].to_numpy()[drawn.keys["row_number"] - 1]
    assert len(test) == ROWS / 5
    assert joined[train].max() < joined[test].min()
    assert "joined" not in drawn.X


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


def test_rows_of_one_group_are_never_on_both_sides_of_any_split(settings, write):
    request = Request(write(make_months()), "leaves", group_column="customer")

    drawn = sample.draw(settings, request)

    assert "customer" not in drawn.X
    assert len(drawn.splits) == 5
    for train, test in drawn.splits:
        assert not set(drawn.group[train]) & set(drawn.group[test])
        groups = drawn.group_of(train)
        for fit, tune in split_folds(drawn.label[train], 0, groups):
            assert not set(groups[fit]) & set(groups[tune])


def test_nothing_is_learnt_from_who_somebody_is_where_rows_stay_together(
    settings, write
):
    path = write(make_months(customers=400, seed=1))

    def mine(**asked):
        request = Request(path, "leaves", drop=("customer",), budget=20, **asked)
        folder = any_table.run(settings, request)
        figures = read(folder, "assessment").set_index(["candidate", "metric"])
        return figures.loc[("best", "auc")], (folder / "report.html").read_text()

    torn, _ = mine()
    together, report = mine(group_column="customer")

    assert torn["value"] > 0.7
    assert together["low"] < 0.5
    assert together["value"] < 0.6
    # Rows of a group say one thing, so that it is no surer than from so few groups.
    assert together["high"] - together["low"] > 0.1
    assert "Rows of one customer are never on both sides" in report


def test_too_few_groups_to_hold_any_out_are_refused(settings, write):
    rows = make_rows().assign(region=np.arange(ROWS) % 7)

    with pytest.raises(DataQualityError, match="7 groups of region"):
        sample.draw(settings, Request(write(rows), "leaves", group_column="region"))


def test_a_perfect_predictor_is_named_and_left_out_unless_allowed(settings, write):
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


def test_what_alone_tells_as_much_as_all_others_is_suspect_and_kept(settings, write):
    rows = make_rows()
    random = np.random.default_rng(3)
    rows["last_call"] = (rows["leaves"] == "yes") * 2 + random.normal(size=ROWS)
    drawn = sample.draw(settings, Request(write(rows), "leaves", drop=("joined",)))

    columns = explore.profile_columns(drawn, seed=0).set_index("column_name")

    assert columns.index[columns["leak"] != ""].tolist() == ["last_call"]
    treatments = modify.decide(drawn, columns.reset_index(), allow_leak=False)
    assert treatments["last_call"][0] == "number"


def test_honest_columns_are_no_suspects(settings, write):
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


def test_a_table_of_the_warehouse_is_read_by_name(settings):
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


def test_a_name_with_brackets_reads_that_file_and_no_other(settings, write):
    write(make_rows(1, 600), "a1.csv")

    drawn = sample.draw(settings, Request(write(make_rows(), "a[1].csv"), "leaves"))

    assert drawn.counts["total"] == ROWS


def test_a_large_table_is_sampled_so_that_shares_stay_true(settings, write):
    rows = make_rows(count=8000)
    request = Request(write(rows, "many.parquet"), "leaves", budget=0.5)

    drawn = sample.draw(settings, request)

    assert 1500 < drawn.counts["sampled"] < 2500
    share = drawn.counts["positives"] / drawn.counts["labelled"]
    assert share == pytest.approx((rows["leaves"] == "yes").mean(), abs=0.03)
    assert drawn.hash() == sample.draw(settings, request).hash()


def test_what_the_budget_was_not_enough_for_is_said(settings, write, caplog):
    request = Request(write(make_rows()), "leaves", drop=("joined",), budget=1e-3)

    with caplog.at_level(logging.WARNING, "pipelines"):
        folder = any_table.run(settings, request)

    assert read_figures(folder).index.tolist() == ["best_column", "scorecard", "best"]
    assert "boosting and naive_bayes and forest was left out" in caplog.text


@pytest.mark.parametrize(
    ("changes", "options", "error", "message"),
    [
        ({}, {"target": "churned"}, UsageError, "has no column churned"),
        ({"leaves": "no"}, {}, DataQualityError, "takes 1 value in 900 rows"),
        ({"leaves": None}, {}, DataQualityError, "takes 0 value in 0 rows"),
        ({}, {"target": "shop"}, UsageError, "takes 60 values.*--positive"),
        ({}, {"positive": "perhaps"}, UsageError, "never takes the value"),
        ({"member": "same"}, {"id_column": "member"}, DataQualityError, "899 of 900"),
        (
            {"leaves": ["yes"] * 49 + ["no"] * 851},
            {},
            DataQualityError,
            "49 positives to learn from, fewer than 50",
        ),
    ],
)
def test_unsuitable_input_gets_one_line(
    settings, write, changes, options, error, message
):
    path = write(make_rows().assign(**changes))

    with pytest.raises(error, match=message) as raised:
        any_table.run(
            settings, Request(**{"source": path, "target": "leaves"} | options)
        )
    assert "\n" not in str(raised.value)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("source", ["nowhere.csv", "some/where", "own.nothing"])
def test_what_is_not_there_is_a_usage_error(settings, source):
    with connect(settings):
        pass

    with pytest.raises(UsageError, match="nothing was mined"):
        any_table.run(settings, Request(source, "leaves"))


def test_an_unreadable_file_is_not_quoted(settings, tmp_path):
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"canary" * 50)

    with pytest.raises(UsageError, match="can't be read as a table") as raised:
        any_table.run(settings, Request(str(path), "leaves"))
    assert "canary" not in str(raised.value)


def test_an_unknown_metric_is_a_usage_error():
    with pytest.raises(UsageError, match="auc, average_precision, brier"):
        Request("members.csv", "leaves", metric="accuracy")


def test_the_command_line_prints_where_the_report_is_or_why_there_is_none(
    settings, write, monkeypatch, capsys
):
    monkeypatch.setenv("CRM_HOME", str(settings.home))

    def crm(*arguments):
        monkeypatch.setattr("sys.argv", ["crm", "mine", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return exit_.value.code or 0, capsys.readouterr()

    path = write(make_rows())
    unhappy = {
        crm(path, "--target", "churned")[0]: "no such column",
        crm(path, "--target", "leaves", "--id", "shop")[0]: "an id that repeats",
    }
    code, output = crm(
        path, "--target", "leaves", "--drop", "joined", "--budget", "1", "--time", "age"
    )

    assert unhappy == {2: "no such column", 3: "an id that repeats"}
    assert code == 0
    assert output.out.strip().endswith("report.html")


def test_stage_by_stage_gives_what_one_run_gives(settings, write):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    whole = any_table.run(settings, request)

    staged = any_table.begin(settings, request).path
    for stage in ("explore", "modify", "model", "assess"):
        any_table.run_stage(settings, stage, staged)

    for name in ("predictions.parquet", "assessment.parquet", "columns.parquet"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(staged / name), pd.read_parquet(whole / name)
        )


def test_a_stage_out_of_turn_says_what_to_run_first(settings, write):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    path = any_table.begin(settings, request).path

    with pytest.raises(UsageError, match="crm explore"):
        any_table.run_stage(settings, "modify", path)
    any_table.run_stage(settings, "explore", path)
    with pytest.raises(UsageError, match="crm modify"):
        any_table.run_stage(settings, "model", path)
    with pytest.raises(UsageError, match="no folder of a run"):
        any_table.run_stage(settings, "model", path.parent)


def test_a_table_that_changed_since_it_was_sampled_is_refused(settings, write):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    path = any_table.begin(settings, request).path
    write(make_rows(seed=1))

    with pytest.raises(DataQualityError, match="no longer what was sampled"):
        any_table.run_stage(settings, "explore", path)


def test_whole_numbers_that_never_repeat_are_a_measure_unless_given_in_turn():
    random = np.random.default_rng(0)
    income = pd.Series(random.choice(200_000, 320, replace=False).astype(float))
    in_turn = pd.Series(random.choice(400, 320, replace=False).astype(float))

    assert decide_kind(income, 0.76)[0] == "number"
    assert decide_kind(income, 0.51)[0] == "drop"
    assert decide_kind(in_turn, 0.76)[0] == "drop"
    assert decide_kind(in_turn * 10 + 7)[0] == "drop"
    assert decide_kind(income * 1e12)[0] == "drop"


def test_a_column_that_is_missed_is_named_in_the_log_and_in_the_report(
    settings, write, caplog
):
    rows = make_rows().drop(columns="joined").sort_values("age", ignore_index=True)
    path = write(rows.assign(place=np.arange(ROWS)))

    with caplog.at_level(logging.WARNING, "pipelines"):
        folder = any_table.run(settings, Request(path, "leaves", budget=1e-3))

    lost = [text for text in caplog.messages if "place was left out" in text]
    assert len(lost) == 1
    assert "<b>place</b> was left out" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("known", "said"),
    [(None, "have no known target"), ("no", "have targets of one kind only")],
)
def test_noise_looks_like_noise_where_rows_predicted_cannot_tell(
    settings, write, known, said
):
    random = np.random.default_rng(7)
    rows = pd.DataFrame(random.normal(size=(300, 6)), columns=list("abcdef"))
    rows["leaves"] = np.where(random.permutation(300) < 55, "yes", "no")
    unseen = Path(write(rows.assign(leaves=known), "new.parquet"))

    folder = any_table.run(settings, Request(write(rows), "leaves", test=unseen))

    figures = read(folder, "assessment").set_index(["candidate", "metric"])
    assert figures.loc[("best", "auc"), "low"] < 0.5
    assert said in (folder / "report.html").read_text()


def test_of_a_large_table_the_rarer_target_is_kept_and_probabilities_stay_true(
    settings, write
):
    rows = make_rows(count=12_000).drop(columns=["member", "joined"])
    random = np.random.default_rng(9)
    is_kept = (rows["leaves"] == "no") | (random.uniform(size=len(rows)) < 0.05)
    rows = rows[is_kept]
    is_positive = rows["leaves"] == "yes"
    request = Request(write(rows, "many.parquet"), "leaves", budget=0.4)

    folder = any_table.run(settings, request)

    drawn = sample.draw(settings, request)
    assert drawn.counts["positives"] == is_positive.sum()
    assert drawn.counts["sampled"] < len(rows) / 2
    weight = drawn.weight[drawn.predicted]
    probability = read(folder, "predictions")["probability"]
    average = np.average(probability, weights=weight)
    assert average == pytest.approx(is_positive.mean(), rel=0.15)
    best = read_figures(folder).loc["best"]
    assert best["calibration_error"] < is_positive.mean() / 2
    assert f"({is_positive.mean():.1%})" in (folder / "report.html").read_text()


def test_a_test_file_is_read_as_what_is_learnt_from(settings, write):
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


def test_what_is_wholly_unknown_in_a_test_file_is_refused(settings, write):
    unseen = make_rows(1)
    unseen["joined"] = unseen["joined"].dt.strftime("%b %d %Y")
    request = Request(write(make_rows()), "leaves", test=Path(write(unseen, "b.csv")))

    with pytest.raises(DataQualityError, match="nothing is known of joined") as raised:
        sample.draw(settings, request)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "stray", ["None", "n/a", "na", "-", "#N/A", "nil", "\\N", ".", "未知"]
)
def test_one_stray_cell_leaves_a_number_a_number(settings, write, stray):
    rows = make_rows().astype({"noise": object})
    rows.loc[7, "noise"] = stray

    drawn = sample.draw(settings, Request(write(rows), "leaves"))

    assert drawn.X["noise"].isna().tolist() == [row == 7 for row in range(ROWS)]


def test_text_that_is_mostly_numbers_is_read_as_such_and_that_is_said(
    settings, write, caplog
):
    rows = make_rows()
    rows["noise"] = rows["noise"].map(lambda value: f"{value:.4f}".replace(".", ","))
    rows.loc[:2, "noise"] = "canary"

    with caplog.at_level(logging.WARNING, "pipelines"):
        any_table.begin(settings, Request(write(rows), "leaves"))

    (said,) = [text for text in caplog.messages if "noise" in text]
    assert "its 3 other values count as missing" in said
    assert "canary" not in said


def test_codes_and_what_may_be_thousands_stay_text():
    frame = pd.DataFrame(
        {"code": ["007", "011", "120"], "sum": ["1,500", "20", "2,000"]}
    )

    assert arrange(frame).to_numpy().tolist() == frame.to_numpy().tolist()


# DuckDB itself does what pandas warns of, where a time has a zone.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("name", ["open.csv", "open.parquet"])
def test_the_end_and_the_beginning_of_time_are_days_like_any_other(
    settings, write, name
):
    rows = make_rows()
    days = pd.Series(["9999-12-31", "0001-01-01", "2024-05-01", None] * (ROWS // 4))
    rows["closed"] = days.astype("datetime64[us]")
    rows["opened"] = pd.Timestamp("2024-05-01 12:00", tz="Asia/Shanghai")

    drawn = sample.draw(settings, Request(write(rows, name), "leaves"))

    assert drawn.X["closed"][:3].tolist() == [2932896.0, -719162.0, 19844.0]
    assert np.isnan(drawn.X["closed"][3])
    assert drawn.X["opened"][0] == 19844 + 4 / 24


def test_an_id_that_is_learnt_from_is_not_predicted(settings, write):
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


def test_ids_that_are_numbers_here_and_text_there_become_text(settings, write):
    rows = make_rows().assign(member=np.arange(ROWS))
    tested = Path(write(make_rows(1, 40), "b.csv"))

    drawn = sample.draw(
        settings, Request(write(rows), "leaves", id_column="member", test=tested)
    )

    assert drawn.keys["member"].iloc[[0, -1]].tolist() == ["0", "canary-1-39"]


def test_a_failure_that_nobody_foresaw_quotes_no_value(settings, write, monkeypatch):
    def fail(*_):
        text = "canary"
        raise ValueError(text)

    monkeypatch.setattr(explore, "profile_columns", fail)

    with pytest.raises(PipelineError, match="with ValueError at run") as raised:
        any_table.run(settings, Request(write(make_rows()), "leaves"))
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


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
def test_what_orders_or_names_nothing_gets_one_line(settings, write, options, message):
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


def test_a_file_has_one_name_from_anywhere_and_another_file_another(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("base.csv").touch()
    path = str(tmp_path / "base.csv")
    others = ["客户.csv", "账户.csv", "a-b.csv", "a_b.csv", "a.b", "./base.parquet"]

    names = [Request(source, "leaves").name for source in ["base.csv", *others]]

    assert names[:2] == [Request(path, "leaves").name, "table_客户"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
def test_a_seed_out_of_range_is_asked_for_again(seed):
    command = ["mine", "members.csv", "--target", "leaves", "--seed", seed]

    result = CliRunner().invoke(cli.app, command)

    assert result.exit_code == 2
