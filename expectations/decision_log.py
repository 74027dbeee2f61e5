"""What decisions must satisfy before anybody is offered anything.

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
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="decision_log",
    expectations=[
        expect_columns(
            [
                "customer_id",
                "product_family",
                "as_of_date",
                "decision_stage",
                "rule_name",
                "rule_text",
                "rule_text_zh",
                "offer_rank",
                "open_probability",
                "branch_id",
                "manager_id",
                "run_id",
            ]
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="open_probability", min_value=0, max_value=1, meta=ACCURACY
        ),
        forbid_rows(
            "(decision_stage = 'offered') != (offer_rank is not null) "
            "or (decision_stage = 'offered') != (rule_name is null) "
            "or (rule_name is null) != (rule_text is null) "
            "or (rule_name is null) != (rule_text_zh is null)",
            says="what is not offered names its rule, and only that",
            principle=ACCURACY,
        ),
        # Those who left or were erased since are not decided on.
        require_of_table(
            "count(*) = (select count(*) from ml.cross_sell_scores where as_of_date = "
            "(select max(as_of_date) from ml.cross_sell_scores) and customer_id in "
            "(select customer_id from marts.customers))",
            says="everything scored has one verdict",
            principle=COMPLETENESS,
        ),
        require_of_table(
            f"coalesce(max(as_of_date), {NEWEST_SNAPSHOT}) = {NEWEST_SNAPSHOT}",
            says="the decisions are on the newest snapshot",
            principle=TIMELINESS,
        ),
    ],
)
