"""What the newest churn scores must satisfy before the marts may read them."""

import great_expectations as gx

from expectations.rules import (
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    expect_scores,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="churn_scores",
    expectations=[
        # In a quarter, a few of a hundred active customers fall dormant.
        *expect_scores(
            ["customer_id", "as_of_date"], "churn_probability", means=(0.001, 0.5)
        ),
        require_of_table(
            "count(*) = (select count(*) from marts.customer_labels "
            f"where is_churn_eligible and as_of_date = {NEWEST_SNAPSHOT})",
            says="everybody eligible is scored",
            principle=COMPLETENESS,
        ),
    ],
)
