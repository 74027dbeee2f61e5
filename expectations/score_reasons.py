"""What the newest reasons must satisfy before anybody repeats them to a customer.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    AUTHENTICITY,
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    TIMELINESS,
    expect_columns,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="score_reasons",
    expectations=[
        expect_columns(
            [
                "use_case",
                "customer_id",
                "as_of_date",
                "product_family",
                "reason_rank",
                "concept",
                "level",
                "reason",
                "reason_zh",
                "attribution",
                "run_id",
            ]
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="reason_rank", min_value=1, max_value=3, meta=ACCURACY
        ),
        # What lowers a score is no reason for it.
        gxe.ExpectColumnValuesToBeBetween(
            column="attribution", min_value=0, strict_min=True, meta=ACCURACY
        ),
        # Words for everybody alike: a digit in them would be somebody's.
        forbid_rows(
            "regexp_matches(reason || reason_zh, '[0-9]')",
            says="a reason holds no value",
            principle=ACCURACY,
        ),
        forbid_rows(
            "(use_case, customer_id, as_of_date, run_id) not in "
            "(select (use_case, customer_id, as_of_date, run_id) from ml.scores)",
            says="a reason explains a score of the same estimator",
            principle=AUTHENTICITY,
        ),
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the reasons are of the newest snapshot",
            principle=TIMELINESS,
        ),
        # Whom nothing makes a likely case has no reason, and most have one.
        require_of_table(
            "count(distinct (use_case, customer_id)) >= 0.5 * ("
            "select count(distinct (use_case, customer_id)) from ml.scores "
            f"where as_of_date = {NEWEST_SNAPSHOT})",
            says="more than half of those scored have a reason",
            principle=COMPLETENESS,
            severity="warning",
        ),
    ],
)
