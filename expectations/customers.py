"""What the mart of customers must satisfy before it is published.

Who the customers are was judged before they were scored: int_customers_registered.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.int_customers_registered import COLUMNS
from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="customers",
    expectations=[
        expect_columns(
            [
                *COLUMNS,
                "scored_date",
                "churn_probability",
                "best_product_family",
                "open_probability",
                "growth_probability",
                "data_quality_grade",
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
            "scored_date is not null and data_quality_grade is null",
            says="every customer who is scored has a grade of the sources",
            principle=COMPLETENESS,
        ),
        forbid_rows(
            "customer_id not in "
            "(select customer_id from intermediate.int_customers_registered)",
            says="everybody is registered",
            principle=ACCURACY,
        ),
        require_of_table(
            "max(scored_date) is not distinct from "
            "(select max(as_of_date) from marts.customer_scores)",
            says="the scores are the newest",
            principle=TIMELINESS,
        ),
    ],
)
