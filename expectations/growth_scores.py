"""What the newest growth scores must satisfy before the marts may read them."""

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

SUITE = gx.ExpectationSuite(
    name="growth_scores",
    expectations=[
        expect_columns(
            [
                "customer_id",
                "as_of_date",
                "growth_probability",
                "estimator_version",
                "run_id",
                "scored_at",
            ]
        ),
        expect_rows(),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["customer_id", "as_of_date"], meta=ACCURACY
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="growth_probability", meta=COMPLETENESS
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="growth_probability", min_value=0, max_value=1, meta=ACCURACY
        ),
        # In half a year a few of a hundred rise; all or none of them is a fault.
        gxe.ExpectColumnMeanToBeBetween(
            column="growth_probability", min_value=0.001, max_value=0.5, meta=ACCURACY
        ),
        # A hundred customers who all score alike were not looked at.
        require_of_table(
            "count(*) < 100 or count(distinct growth_probability) >= 5",
            says="scores tell customers apart",
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
        require_of_table(
            "count(*) = (select count(*) from marts.customer_labels "
            f"where is_growth_eligible and as_of_date = {NEWEST_SNAPSHOT})",
            says="everybody eligible is scored",
            principle=COMPLETENESS,
        ),
    ],
)
