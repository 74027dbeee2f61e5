"""The drift threshold is one dated row of a seed: what follows when it is edited?"""

from datetime import date

import pandas as pd
import pytest
from mlflow import MlflowClient

from pipelines.decision import monitor, score
from pipelines.discovery import mine
from pipelines.discovery.report.plots import plot_profile
from pipelines.discovery.runs import find_latest
from pipelines.foundation.errors import GateRefusedError
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.warehouse import connect

LEAST = "psi,at_most,0.000001,1900-01-01"
ROW = "psi,at_most,0.25,1900-01-01"


def ask(settings, query):
    with connect(settings) as connection:
        return connection.execute(query).fetchall()


def count_drifted_columns(settings):
    client = MlflowClient(settings.tracking_uri)
    parent = client.get_run(find_latest(settings, "churn").mining_run_id)
    stages = client.search_runs(
        [parent.info.experiment_id],
        f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
    )
    (explored,) = [run for run in stages if run.info.run_name == "explore"]
    return explored.data.metrics["drifted_columns"]


def test_one_edit_moves_gate_exploring_and_monitoring(mined, edit_seed):
    score.run(mined, "churn")
    drifted_before = count_drifted_columns(mined)
    path = edit_seed("health_thresholds", ROW, LEAST)
    # As the next build does.
    ask(mined, f"create or replace table seeds.health_thresholds as from '{path}'")

    monitor.run(mined, "churn")
    with pytest.raises(GateRefusedError, match=r"drifted by .*, over 1e-06"):
        mine.run(mined, "churn", seed=1)

    assert drifted_before < 3 < count_drifted_columns(mined)
    assert ask(
        mined,
        """
        select metric, count(*) > 0, count(distinct threshold), bool_and(is_alert)
        from ml.estimator_health where metric in ('feature_psi', 'score_psi')
        and value > 0.000001 group by metric order by metric
        """,
    ) == [("feature_psi", True, 1, True), ("score_psi", True, 1, True)]


@pytest.mark.parametrize(
    ("as_of_date", "threshold"),
    [
        (date(2026, 12, 31), 0.25),
        # In force on the first of January, and so from the snapshot of the second on.
        (date(2027, 1, 1), 0.25),
        (date(2027, 1, 2), 0.2),
        (None, 0.2),
    ],
)
def test_a_snapshot_goes_by_the_row_that_was_true_before_it(
    edit_seed, as_of_date, threshold
):
    edit_seed("health_thresholds", ROW, f"{ROW}\npsi,at_most,0.2,2027-01-01")

    assert read_drift_threshold(as_of_date) == threshold


def test_the_line_of_the_plot_is_the_threshold():
    profile = pd.DataFrame(
        {"column_name": ["age"], "information_value": [0.1], "drift_psi": [0.3]}
    )

    _, drift = plot_profile(profile, 0.2).axes

    assert [list(line.get_xdata()) for line in drift.lines] == [[0.2, 0.2]]
