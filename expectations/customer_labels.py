"""What the labels must satisfy before an estimator may learn from them.

Keys, nulls and who may have a label are tested by dbt, beside the dbt model.
"""

import great_expectations as gx

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    OBSERVED_UNTIL,
    SCORING_DATE,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)


def build_suite(families):
    """Build the suite; each product family that is offered has a label of its own."""
    opened = [f"has_opened_{family}_90d" for family in families]
    return gx.ExpectationSuite(
        name="customer_labels",
        expectations=[
            expect_columns(
                [
                    "customer_id",
                    "as_of_date",
                    "is_churn_eligible",
                    "churn_label_known_date",
                    "has_churned_90d",
                    "cross_sell_label_known_date",
                    *opened,
                    "is_growth_eligible",
                    "growth_label_known_date",
                    "has_grown_180d",
                ]
            ),
            expect_rows(),
            # A label from before its window is over would be a guess.
            forbid_rows(
                "has_churned_90d is not null "
                f"and churn_label_known_date > {OBSERVED_UNTIL}",
                says="a churn label waits until its window is over",
                principle=TIMELINESS,
            ),
            forbid_rows(
                f"coalesce({', '.join(opened)}) is not null "
                f"and cross_sell_label_known_date > {OBSERVED_UNTIL}",
                says="a cross-sell label waits until its window is over",
                principle=TIMELINESS,
            ),
            forbid_rows(
                "has_grown_180d is not null "
                f"and growth_label_known_date > {OBSERVED_UNTIL}",
                says="a growth label waits until its window is over",
                principle=TIMELINESS,
            ),
            # A retail bank loses a few per cent in a quarter. Nobody or more than half
            # of the active ones: an event source is missing, or initiatives are wrong.
            require_of_table(
                "count(has_churned_90d) < 1000 "
                "or avg(cast(has_churned_90d as integer)) between 0.001 and 0.5",
                says="some of the eligible churn, and fewer than half",
                principle=ACCURACY,
                severity="warning",
            ),
            # Three in ten opening a product in a quarter is a migration, not a sale.
            *(
                require_of_table(
                    f"avg(cast({column} as integer)) <= 0.3",
                    says=f"{column} holds for few",
                    principle=ACCURACY,
                    severity="warning",
                )
                for column in opened
            ),
            # Balances wander across a line, and back. Nobody or more than half in half
            # a year: balances are missing, or a line or a rate was moved.
            require_of_table(
                "count(has_grown_180d) < 1000 "
                "or avg(cast(has_grown_180d as integer)) between 0.001 and 0.5",
                says="some of the eligible grow, and not most",
                principle=ACCURACY,
                severity="warning",
            ),
            require_of_table(
                f"max(as_of_date) = {SCORING_DATE}",
                says="the newest snapshot is of the day after the newest delivery",
                principle=TIMELINESS,
            ),
            require_of_table(
                "count(*) = (select count(*) from marts.customer_features)",
                says="every row of the features has one of labels",
                principle=COMPLETENESS,
            ),
        ],
    )
