"""What the mart of accounts must satisfy before it is read or published.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    NEWEST_DELIVERY,
    NEWEST_EVENTS,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)

SUITE = gx.ExpectationSuite(
    name="accounts",
    expectations=[
        expect_columns(
            [
                "account_id",
                "customer_id",
                "product_code",
                "product_family",
                "currency_code",
                "opened_date",
                "closed_date",
                "is_open",
                "account_state",
                "last_used_date",
                "unused_days",
                "balance",
                "balance_cny",
                "balance_date",
            ]
        ),
        expect_rows(),
        forbid_rows(
            "closed_date < opened_date",
            says="no account is closed before it is opened",
            principle=ACCURACY,
        ),
        # A day's grace for a register that is extracted after midnight.
        forbid_rows(
            f"opened_date > {NEWEST_DELIVERY} + 1",
            says="no account is opened in the future",
            principle=ACCURACY,
        ),
        forbid_rows(
            "balance is not null and balance_cny is null",
            says="every balance has an exchange rate",
            principle=ACCURACY,
        ),
        # What is saved or invested is worth nought at least; only a current account may
        # go below.
        forbid_rows(
            "balance < 0 and product_family in ("
            "select product_family from seeds.product_families "
            "where is_offered and holding_class != 'owed')",
            says="no deposit or investment is negative",
            principle=ACCURACY,
            severity="warning",
        ),
        # The balances are of every open account; new ones have none for a month.
        require_of_table(
            "avg(cast(balance is not null as integer)) filter (is_open) >= 0.8",
            says="eight in ten open accounts or more have a balance",
            principle=COMPLETENESS,
            severity="warning",
        ),
        # A month's rhythm and a few days: older balances are not of this month.
        require_of_table(
            f"max(balance_date) >= {NEWEST_EVENTS} - 35",
            says="the newest balance is at most 35 days old",
            principle=TIMELINESS,
        ),
    ],
)
