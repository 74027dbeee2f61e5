"""What the newest cross-sell scores must satisfy before the marts may read them."""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    expect_scores,
    require_of_table,
)

FAMILIES = ["time_deposit", "credit_card", "loan", "wealth", "fund", "insurance"]

SUITE = gx.ExpectationSuite(
    name="cross_sell_scores",
    expectations=[
        # Per family and quarter, a few in a thousand to a few in a hundred open one.
        *expect_scores(
            ["customer_id", "as_of_date", "product_family"],
            "open_probability",
            means=(0.0001, 0.3),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="product_family", value_set=FAMILIES, meta=ACCURACY
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
