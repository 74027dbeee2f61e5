import pytest
from mlflow import MlflowClient

from pipelines.decision import health, monitor, score
from pipelines.foundation.feature_contract import load_feature_contract

# What outcomes are drawn with: a calibrated probability.
TRUTH = "hash(customer_id, as_of_date, 'silence') % 10000 / 10000"
DRAWN = "hash(customer_id, as_of_date, 'outcome') % 10000 / 10000"
KNOWN, NEWEST = "2025-11-01", "2026-04-01"


@pytest.fixture
def scored(mined):
    """A home in which the newest snapshot has churn scores."""
    score.run(mined, "churn")
    return mined


@pytest.fixture
def predict(scored, ask):
    """Write scores of a snapshot whose outcomes are known: ``predict("0.5")``."""

    def predict(probability):
        ask(f"""
            update marts.customer_labels set has_churned_90d = {DRAWN} < {TRUTH}
            where has_churned_90d is not null and as_of_date = '{KNOWN}'
        """)
        ask(f"""
            insert into ml.churn_scores by name
            select
                customer_id, as_of_date, {probability} as churn_probability,
                1 as estimator_version, '2025-11-01 03:00'::timestamp as scored_at,
                (select run_id from ops.promotions where use_case = 'churn') as run_id
            from marts.customer_labels
            where is_churn_eligible and as_of_date = '{KNOWN}'
        """)
        return scored

    return predict


def read_figures(ask, as_of_date):
    return dict(
        ask(f"""
            select metric, value from ml.estimator_health
            where as_of_date = '{as_of_date}' and feature is null
        """)
    )


def test_customers_like_those_it_was_assessed_on_raise_no_alert(scored, ask):
    monitor.run(scored, "churn")

    contract = load_feature_contract()
    learnt = contract.list_columns("churn").features
    watched = [
        feature
        for feature in contract.features
        if feature.name in learnt and not feature.is_calendar
    ]
    assert health.list_alerts(scored) == []
    assert ask(
        "select metric, count(*) from ml.estimator_health group by all order by all"
    ) == [
        ("feature_psi", len(watched)),
        ("score_psi", 1),
    ]


def test_a_feature_that_drifts_raises_an_alert_and_nothing_else_does(scored, ask):
    ask(f"""
        update marts.customer_features set annual_income_cny = annual_income_cny + 5
        where as_of_date = '{NEWEST}'
    """)
    monitor.run(scored, "churn")

    (alert,) = health.list_alerts(scored)
    assert alert.startswith("churn: feature_psi of annual_income_cny is ")
    assert alert.endswith(f"on {NEWEST}, threshold 0.25")


def test_a_later_sample_does_not_move_what_drift_is_measured_from(scored, ask):
    monitor.run(scored, "churn")
    before = ask("from ml.estimator_health order by all")
    ask("delete from ml.estimator_health")
    ask("delete from ml.churn_sample")
    monitor.run(scored, "churn")

    assert ask("from ml.estimator_health order by all") == before


def test_scores_that_drift_raise_an_alert(scored, ask):
    ask("update ml.churn_scores set churn_probability = 0.9")
    monitor.run(scored, "churn")

    assert [a.split(" is ")[0] for a in health.list_alerts(scored)] == [
        "churn: score_psi"
    ]


def test_drift_that_is_over_is_no_alert_any_more(scored, ask):
    ask("update ml.churn_scores set churn_probability = 0.9")
    monitor.run(scored, "churn")
    ask("delete from ml.churn_scores")
    score.run(scored, "churn")
    monitor.run(scored, "churn")

    assert health.list_alerts(scored) == []


def test_probabilities_that_came_true_raise_no_alert(predict, ask):
    monitor.run(predict(TRUTH), "churn")

    figures = read_figures(ask, KNOWN)
    assert figures["row_count"] == 203
    assert figures["auc"] > 0.75
    assert figures["observed_rate"] == pytest.approx(figures["predicted_rate"], abs=0.1)
    assert ask("select is_alert from ml.estimator_health where is_alert") == []


def test_an_estimator_whose_calibration_broke_is_named_for_that_alone(predict):
    settings = predict(f"({TRUTH}) / 5")
    monitor.run(settings, "churn")

    (alert,) = health.list_alerts(settings)
    assert alert.startswith("churn: calibration_error_to_base_rate is 0.7")
    assert f"on {KNOWN}, threshold 0.5" in alert


def test_an_estimator_that_ranks_no_more_is_named(predict):
    settings = predict("hash(customer_id) % 1000 / 1000")
    monitor.run(settings, "churn")

    assert {"churn: auc is", "churn: auc_loss is"} <= {
        " ".join(alert.split()[:3]) for alert in health.list_alerts(settings)
    }


def test_outcomes_not_yet_known_are_not_counted_as_negatives(predict, ask):
    settings = predict(TRUTH)
    ask("""
        update marts.customer_labels set has_churned_90d = null
        where hash(customer_id) % 3 = 0
    """)
    ((known, rate),) = ask(f"""
        select count(has_churned_90d), avg(has_churned_90d::integer)
        from marts.customer_labels where as_of_date = '{KNOWN}'
    """)
    monitor.run(settings, "churn")

    figures = read_figures(ask, KNOWN)
    assert figures["row_count"] == known < 203
    assert figures["observed_rate"] == pytest.approx(rate)


@pytest.mark.parametrize(
    ("use_case", "day"), [("churn", "2026-07-14"), ("cross_sell", "2026-06-30")]
)
def test_before_the_horizon_is_over_it_says_from_when_on(mined, ask, use_case, day):
    score.run(mined, use_case)
    (note,) = monitor.run(mined, use_case)

    assert (
        f"{use_case}: what came of the scores of {NEWEST} is known from {day}" in note
    )
    assert "auc" not in read_figures(ask, NEWEST)


def test_a_snapshot_that_the_marts_will_not_keep_promises_nothing(scored, ask):
    for table in ("marts.customer_features", "ml.churn_scores"):
        ask(f"""
            update {table} set as_of_date = '2026-04-12'
            where as_of_date = '{NEWEST}'
        """)

    assert monitor.run(scored, "churn") == [
        "churn: no snapshot of the first of a month was scored yet."
    ]


def test_a_handful_of_outcomes_is_no_figure(predict, ask):
    settings = predict(TRUTH)
    ask("update marts.customer_labels set has_churned_90d = hash(customer_id) % 9 = 0")

    notes = monitor.run(settings, "churn")

    assert any("With fewer than 50 that did, or did not" in note for note in notes)
    assert read_figures(ask, KNOWN) == {}


def test_a_handful_of_rows_is_no_drift(scored, ask):
    ask("delete from ml.churn_scores where hash(customer_id) % 2 = 0")

    notes = monitor.run(scored, "churn")

    assert "drift is not measured on fewer than 200 rows" in notes[0]
    assert ask("from ml.estimator_health") == []


def test_running_twice_changes_nothing_and_adds_no_run(predict, ask):
    settings = predict(TRUTH)
    monitor.run(settings, "churn")
    once, runs = ask("from ml.estimator_health"), find_runs(settings)
    monitor.run(settings, "churn")

    assert ask("from ml.estimator_health") == once
    assert find_runs(settings) == runs
    assert len(runs) == 1


def find_runs(settings):
    """The metrics of each run of the step."""
    client = MlflowClient(settings.tracking_uri)
    experiment = client.get_experiment_by_name("churn")
    return [
        run.data.metrics
        for run in client.search_runs([experiment.experiment_id])
        if run.info.run_name.startswith("monitor")
    ]


def test_mlflow_has_the_figures(predict):
    settings = predict(TRUTH)
    monitor.run(settings, "churn")

    (metrics,) = find_runs(settings)
    assert {"auc", "calibration_error", "score_psi", "feature_psi/age_years"} <= set(
        metrics
    )


def test_a_snapshot_is_judged_by_the_threshold_that_held_then(predict, ask):
    settings = predict(f"({TRUTH}) / 5")
    ask(f"""
        insert into seeds.health_thresholds
        values ('calibration_error_to_base_rate', 'at_most', 0.9, '{KNOWN}')
    """)
    monitor.run(settings, "churn")
    assert len(health.list_alerts(settings)) == 1

    ask("""
        update seeds.health_thresholds set valid_from = '2025-10-31'
        where threshold = 0.9
    """)
    monitor.run(settings, "churn")
    assert health.list_alerts(settings) == []


def test_earlier_drift_stays_on_record(scored, ask):
    monitor.run(scored, "churn")
    ask("update ml.churn_scores set as_of_date = '2026-03-01'")
    ask("update ml.estimator_health set as_of_date = '2026-03-01'")
    score.run(scored, "churn")
    monitor.run(scored, "churn")

    assert ask("""
        select as_of_date::varchar, count(*) from ml.estimator_health
        where metric = 'score_psi' group by all order by all
    """) == [("2026-03-01", 1), (NEWEST, 1)]


def test_without_a_champion_there_is_nothing_to_monitor(settings):
    assert monitor.run(settings, "churn") == ["churn: there is no champion to monitor."]


def test_without_scores_there_is_nothing_to_monitor(mined):
    (note,) = monitor.run(mined, "churn")

    assert "Run `crm score" in note
