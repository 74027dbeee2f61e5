"""What the newest cross-sell scores must satisfy before the marts may read them."""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    AUTHENTICITY,
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    TIMELINESS,
    expect_columns,
    expect_rows,
    require_of_table,
)

FAMILIES = ["time_deposit", "credit_card", "loan", "wealth", "fund", "insurance"]

SUITE = gx.ExpectationSuite(
    name="cross_sell_scores",
    expectations=[
        expect_columns(
            [
                "customer_id",
                "as_of_date",
                "product_family",
                "open_probability",
                "estimator_version",
                "run_id",
                "scored_at",
            ]
        ),
        expect_rows(),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["customer_id", "as_of_date", "product_family"], meta=ACCURACY
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="open_probability", meta=COMPLETENESS),
        gxe.ExpectColumnValuesToBeInSet(
            column="product_family", value_set=FAMILIES, meta=ACCURACY
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="open_probability", min_value=0, max_value=1, meta=ACCURACY
        ),
        # Per family and quarter, a few in a thousand to a few in a hundred open one.
        gxe.ExpectColumnMeanToBeBetween(
            column="open_probability", min_value=0.0001, max_value=0.3, meta=ACCURACY
        ),
        # A hundred scores that are all alike say nothing.
        require_of_table(
            "count(*) < 100 or count(distinct open_probability) >= 5",
            says="scores tell customers and families apart",
            principle=ACCURACY,
        ),
        require_of_table(
            "count(distinct run_id) <= 1",
            says="one champion scored the snapshot",
            principle=AUTHENTICITY,
        ),
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the scores are of the newest snapshot",
            principle=TIMELINESS,
        ),
        # Who has no open account is offered nothing.
        require_of_table(
            "count(distinct customer_id) = ("
            "select count(*) from marts.customer_features where open_account_count > 0 "
            f"and held_family_count - holds_current_deposit < {len(FAMILIES)} "
            f"and as_of_date = {NEWEST_SNAPSHOT})",
            says="everybody who lacks a family is scored",
            principle=COMPLETENESS,
        ),
    ],
)
