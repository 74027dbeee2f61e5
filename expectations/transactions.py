"""What the mart of transactions must satisfy before it is read or published.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    NEWEST_EVENTS,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="transactions",
    expectations=[
        expect_columns(
            [
                "transaction_id",
                "customer_id",
                "account_id",
                "channel",
                "event_type",
                "initiative",
                "branch_id",
                "occurred_at",
                "amount",
                "currency_code",
                "amount_cny",
                "branch_wait_minutes",
                "known_at",
                "delivery_id",
            ]
        ),
        expect_rows(),
        # Whose card or login it was may become known later, for one in a hundred. With
        # one in ten, activity is no longer what customers did.
        *(
            gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
                column="customer_id",
                min_value=share,
                meta=COMPLETENESS,
                severity=severity,
            )
            for share, severity in ((0.9, "critical"), (0.99, "warning"))
        ),
        # A ticket is good for the day.
        gxe.ExpectColumnValuesToBeBetween(
            column="branch_wait_minutes",
            min_value=0,
            max_value=24 * 60,
            meta=ACCURACY,
            severity="warning",
        ),
        forbid_rows(
            "occurred_at > known_at",
            says="nothing is known before it happened",
            principle=ACCURACY,
        ),
        # A hundred billion in one retail transaction is fen taken for yuan.
        gxe.ExpectColumnValuesToBeBetween(
            column="amount_cny", min_value=-1e11, max_value=1e11, meta=ACCURACY
        ),
        # Everything or nothing by the customers' own will: initiatives are wrong.
        require_of_table(
            "avg(cast(initiative = 'customer' as integer)) between 0.01 and 0.99",
            says="some transactions are the customers' own and some are not",
            principle=ACCURACY,
            severity="warning",
        ),
        # A whole bank silent for a month is a dead feed, not a bank of dormant people.
        require_of_table(
            f"max(occurred_at) >= {NEWEST_EVENTS} - 31",
            says="something happened in the last 31 days",
            principle=TIMELINESS,
        ),
    ],
)
