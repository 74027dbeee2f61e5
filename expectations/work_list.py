"""What the work list must satisfy before a customer is contacted from it.

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
    name="work_list",
    expectations=[
        expect_columns(
            [
                "contact_rank",
                "customer_id",
                "branch_id",
                "manager_id",
                "as_of_date",
                "contact_action",
                "value_at_stake_cny",
                "contribution_cny",
                "churn_probability",
                "churn_reason",
                "churn_reason_zh",
                "product_family",
                "open_probability",
                "offer_reason",
                "offer_reason_zh",
            ]
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=0, max_value=1, meta=ACCURACY
            )
            for column in ("open_probability", "churn_probability")
        ),
        # Checked again here, where the list leaves the house.
        forbid_rows(
            "customer_id not in ("
            "select customer_id from marts.customers where has_marketing_consent)",
            says="no customer is on the list without consent",
            principle=ACCURACY,
        ),
        forbid_rows(
            "product_family is not null and (customer_id, product_family) not in ("
            "select (customer_id, product_family) from marts.decision_log "
            "where decision_stage = 'offered')",
            says="no customer is offered what a rule of engagement keeps back",
            principle=ACCURACY,
        ),
        require_of_table(
            "(select count(*) from marts.work_list as one inner join marts.work_list "
            "as next on next.contact_rank = one.contact_rank + 1 where "
            "next.value_at_stake_cny > coalesce(one.value_at_stake_cny, -1)) = 0",
            says="who has more at stake comes first",
            principle=ACCURACY,
        ),
        # Without a champion there is no list, and none has to be.
        require_of_table(
            f"coalesce(max(as_of_date), {NEWEST_SNAPSHOT}) = {NEWEST_SNAPSHOT}",
            says="the list is of the newest snapshot",
            principle=TIMELINESS,
        ),
        require_of_table(
            "count(*) = coalesce(max(contact_rank), 0)",
            says="ranks are counted through",
            principle=ACCURACY,
        ),
    ],
)
