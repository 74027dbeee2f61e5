"""What the newest rows of the score mart must satisfy before they are published.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)

ALL_SCORED = f"""(
    select customer_id, scored_at from ml.scores where as_of_date = {NEWEST_SNAPSHOT}
)"""

SUITE = gx.ExpectationSuite(
    name="customer_scores",
    expectations=[
        expect_columns(
            [
                "customer_id",
                "as_of_date",
                "churn_probability",
                "churn_estimator_version",
                "churn_run_id",
                "best_product_family",
                "open_probability",
                "cross_sell_estimator_version",
                "cross_sell_run_id",
                "growth_probability",
                "growth_estimator_version",
                "growth_run_id",
                "scored_at",
                "data_quality_grade",
                "source_day_share",
                "churn_reasons",
                "churn_reasons_zh",
                "open_reasons",
                "open_reasons_zh",
                "growth_reasons",
                "growth_reasons_zh",
            ]
        ),
        expect_rows(),
        *(
            gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=0, max_value=1, meta=ACCURACY
            )
            for column in (
                "churn_probability",
                "open_probability",
                "growth_probability",
            )
        ),
        forbid_rows(
            f"customer_id not in (select customer_id from {ALL_SCORED})",
            says="a row has a score",
            principle=COMPLETENESS,
        ),
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the scores are of the newest snapshot",
            principle=TIMELINESS,
        ),
        # Otherwise the mart was built before the last scoring.
        require_of_table(
            f"max(scored_at) = (select max(scored_at) from {ALL_SCORED})",
            says="the mart holds the last scoring",
            principle=TIMELINESS,
        ),
        require_of_table(
            f"count(*) = (select count(distinct customer_id) from {ALL_SCORED})",
            says="everybody scored is in the mart",
            principle=COMPLETENESS,
        ),
    ],
)
