"""What the figures about the estimators must satisfy before anybody believes them.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx

from expectations.rules import (
    ACCURACY,
    NEWEST_SNAPSHOT,
    TIMELINESS,
    expect_columns,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="estimator_health",
    expectations=[
        expect_columns(
            [
                "use_case",
                "as_of_date",
                "metric",
                "feature",
                "value",
                "threshold",
                "is_alert",
                "estimator_version",
                "run_id",
            ]
        ),
        forbid_rows(
            "metric in ('auc', 'brier', 'observed_rate', 'predicted_rate') "
            "and value not between 0 and 1",
            says="a share is a share",
            principle=ACCURACY,
        ),
        forbid_rows(
            "metric in ('feature_psi', 'score_psi') and value < 0",
            says="drift is not negative",
            principle=ACCURACY,
        ),
        forbid_rows(
            "is_alert and (threshold is null or threshold = value)",
            says="an alert is beyond a threshold",
            principle=ACCURACY,
        ),
        # A snapshot too small to measure keeps the night from nothing.
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the figures are of the newest snapshot",
            principle=TIMELINESS,
            severity="warning",
        ),
    ],
)
