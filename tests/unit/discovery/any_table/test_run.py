import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from models.model.table_candidates import CANDIDATES
from pipelines import cli
from pipelines.discovery.any_table import explore, sample
from pipelines.discovery.any_table import run as any_table
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.errors import DataQualityError, PipelineError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

ROWS = 900

# The stages of a whole table, again and again: not for the inner loop.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mined(tmp_path_factory, make_rows):
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


def test_every_row_is_predicted_and_positives_rank_higher(mined, make_rows):
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


def test_rows_of_a_test_file_are_predicted_whatever_is_in_them(
    settings, write, make_rows
):
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


def test_shuffled_labels_are_not_learnt(settings, write, make_rows):
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


def test_nothing_is_learnt_from_who_somebody_is_where_rows_stay_together(
    settings, write, make_months
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


def test_what_the_budget_was_not_enough_for_is_said(settings, write, caplog, make_rows):
    request = Request(write(make_rows()), "leaves", drop=("joined",), budget=1e-3)

    with caplog.at_level(logging.WARNING, "pipelines"):
        folder = any_table.run(settings, request)

    assert read_figures(folder).index.tolist() == ["best_column", "scorecard", "best"]
    assert "boosting and naive_bayes and forest was left out" in caplog.text


@pytest.mark.parametrize(
    ("changes", "options", "refusal"),
    [
        ({}, {"target": "churned"}, (UsageError, "has no column churned")),
        ({"leaves": "no"}, {}, (DataQualityError, "takes 1 value in 900 rows")),
        ({"leaves": None}, {}, (DataQualityError, "takes 0 value in 0 rows")),
        ({}, {"target": "shop"}, (UsageError, "takes 60 values.*--positive")),
        ({}, {"positive": "perhaps"}, (UsageError, "never takes the value")),
        ({"member": "same"}, {"id_column": "member"}, (DataQualityError, "899 of 900")),
        (
            {"leaves": ["yes"] * 49 + ["no"] * 851},
            {},
            (DataQualityError, "49 positives to learn from, fewer than 50"),
        ),
    ],
)
def test_unsuitable_input_gets_one_line(
    settings, write, changes, options, refusal, make_rows
):
    path = write(make_rows().assign(**changes))
    error, message = refusal

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


def test_the_command_line_prints_where_the_report_is_or_why_there_is_none(
    settings, write, monkeypatch, capsys, make_rows
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


def test_stage_by_stage_gives_what_one_run_gives(settings, write, make_rows):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    whole = any_table.run(settings, request)

    staged = any_table.begin(settings, request).path
    for stage in ("explore", "modify", "model", "assess"):
        any_table.run_stage(settings, stage, staged)

    for name in ("predictions.parquet", "assessment.parquet", "columns.parquet"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(staged / name), pd.read_parquet(whole / name)
        )


def test_a_stage_out_of_turn_says_what_to_run_first(settings, write, make_rows):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    path = any_table.begin(settings, request).path

    with pytest.raises(UsageError, match="crm explore"):
        any_table.run_stage(settings, "modify", path)
    any_table.run_stage(settings, "explore", path)
    with pytest.raises(UsageError, match="crm modify"):
        any_table.run_stage(settings, "model", path)
    with pytest.raises(UsageError, match="no folder of a run"):
        any_table.run_stage(settings, "model", path.parent)


def test_a_table_that_changed_since_it_was_sampled_is_refused(
    settings, write, make_rows
):
    request = Request(source=write(make_rows()), target="leaves", id_column="member")
    path = any_table.begin(settings, request).path
    write(make_rows(seed=1))

    with pytest.raises(DataQualityError, match="no longer what was sampled"):
        any_table.run_stage(settings, "explore", path)


def test_a_column_that_is_missed_is_named_in_the_log_and_in_the_report(
    settings, write, caplog, make_rows
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
    settings, write, make_rows
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


def test_text_that_is_mostly_numbers_is_read_as_such_and_that_is_said(
    settings, write, caplog, make_rows
):
    rows = make_rows()
    rows["noise"] = rows["noise"].map(lambda value: f"{value:.4f}".replace(".", ","))
    rows.loc[:2, "noise"] = "canary"

    with caplog.at_level(logging.WARNING, "pipelines"):
        any_table.begin(settings, Request(write(rows), "leaves"))

    (said,) = [text for text in caplog.messages if "noise" in text]
    assert "its 3 other values count as missing" in said
    assert "canary" not in said


def test_a_failure_that_nobody_foresaw_quotes_no_value(
    settings, write, monkeypatch, make_rows
):
    def fail(*_):
        text = "canary"
        raise ValueError(text)

    monkeypatch.setattr(explore, "profile_columns", fail)

    with pytest.raises(PipelineError, match="with ValueError at run") as raised:
        any_table.run(settings, Request(write(make_rows()), "leaves"))
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
def test_a_seed_out_of_range_is_asked_for_again(seed):
    command = ["mine", "members.csv", "--target", "leaves", "--seed", seed]

    result = CliRunner().invoke(cli.app, command)

    assert result.exit_code == 2
