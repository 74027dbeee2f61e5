"""What offers must satisfy before a customer is contacted with them.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    NEWEST_SNAPSHOT,
    TIMELINESS,
    expect_columns,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="next_best_offers",
    expectations=[
        expect_columns(
            [
                "customer_id",
                "offer_rank",
                "product_family",
                "open_probability",
                "churn_probability",
                "branch_id",
                "manager_id",
                "as_of_date",
                "offer_reason",
                "offer_reason_zh",
                "churn_reason",
                "churn_reason_zh",
            ]
        ),
        # Three offers are what one conversation holds.
        gxe.ExpectColumnValuesToBeBetween(
            column="offer_rank", min_value=1, max_value=3, meta=ACCURACY
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=0, max_value=1, meta=ACCURACY
            )
            for column in ("open_probability", "churn_probability")
        ),
        # Checked again here, where offers leave the house.
        forbid_rows(
            "customer_id not in ("
            "select customer_id from marts.customers where has_marketing_consent)",
            says="no customer is offered anything without consent",
            principle=ACCURACY,
        ),
        forbid_rows(
            "(customer_id, product_family) in ("
            "select (customer_id, product_family) from marts.accounts where is_open)",
            says="no customer is offered what they hold",
            principle=ACCURACY,
        ),
        forbid_rows(
            "(customer_id, product_family) not in ("
            "select (customer_id, product_family) from marts.decision_log "
            "where decision_stage = 'offered')",
            says="no customer is offered what a rule of engagement keeps back",
            principle=ACCURACY,
        ),
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the offers come from the newest snapshot",
            principle=TIMELINESS,
        ),
    ],
)
