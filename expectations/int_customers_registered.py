"""What the customers as registered must satisfy before anybody is mined or scored.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

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

COLUMNS = [
    "customer_id",
    "registered_date",
    "branch_id",
    "manager_id",
    "gender",
    "birth_year",
    "income_year",
    "annual_income_cny",
    "has_income_proof",
    "has_marketing_consent",
    "has_online_banking",
    "open_account_count",
    "deposit_balance_cny",
    "invested_balance_cny",
    "unknown_balance_cny",
    "owed_balance_cny",
    "last_customer_event_date",
    "household_id",
    "net_assets_cny",
    "relationship_balance_cny",
    "relationship_balance_hkd",
    "tier",
    "pyramid_level",
    "loyalty_stage",
    "recommended_action",
    "recommended_action_zh",
    "contribution_cny",
    "profitability_group",
    "structure_class",
    "class_action",
    "class_action_zh",
    "referral_count",
    "risk_tolerance",
    "preferred_channel",
    "financial_knowledge",
    "life_value",
    "satisfaction_gap_mean_365d",
]

SUITE = gx.ExpectationSuite(
    name="int_customers_registered",
    expectations=[
        expect_columns(COLUMNS),
        expect_rows(),
        # Below nine in ten the register was cut, or a column was read as another.
        gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
            column="birth_year", min_value=0.9, meta=COMPLETENESS, severity="warning"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="open_account_count", min_value=0, meta=ACCURACY
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="owed_balance_cny", min_value=0, meta=ACCURACY
        ),
        # The oldest person ever was 122; children may have accounts.
        forbid_rows(
            "year(registered_date) - birth_year not between 0 and 122",
            says="customers are registered in their lifetime",
            principle=ACCURACY,
            severity="warning",
        ),
        # A day's grace for a register that is extracted after midnight.
        forbid_rows(
            f"registered_date > {NEWEST_DELIVERY} + 1",
            says="no customer is registered in the future",
            principle=ACCURACY,
        ),
        # One in three with nothing open: the register of accounts is not all there.
        require_of_table(
            "avg(cast(open_account_count > 0 as integer)) >= 0.33",
            says="a third of the customers or more have an open account",
            principle=COMPLETENESS,
            severity="warning",
        ),
        # A whole bank silent for a month is a dead feed, not a bank of dormant people.
        require_of_table(
            f"max(last_customer_event_date) >= {NEWEST_EVENTS} - 31",
            says="some customer acted in the last 31 days",
            principle=TIMELINESS,
        ),
    ],
)
