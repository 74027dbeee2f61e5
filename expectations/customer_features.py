"""What the features must satisfy before anybody is mined or scored on them.

Keys, nulls and categories are tested by dbt, beside the dbt model.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    SCORING_DATE,
    TIMELINESS,
    expect_columns,
    expect_rows,
    forbid_rows,
    require_of_table,
)

CHANNELS = ("atm", "branch", "card", "online", "phone")
FAMILIES = (
    "current_deposit",
    "time_deposit",
    "credit_card",
    "loan",
    "wealth",
    "fund",
    "insurance",
)
COUNTS = [
    *(
        f"{who}_event_count_{days}d"
        for who in (*CHANNELS, "customer")
        for days in (30, 90, 180, 365)
    ),
    "customer_active_day_count_90d",
    "automatic_event_count_90d",
    "salary_count_90d",
    "salary_count_365d",
    "standing_order_count_90d",
    "open_account_count",
    "held_family_count",
    "account_opened_count_365d",
    "account_closed_count_365d",
    "branch_wait_over_30_minutes_count_180d",
    "complaint_count_180d",
    "customer_event_count_ever",
    "standing_order_count_365d",
    "loan_instalment_count_90d",
    "household_member_count",
    "referral_count",
    "subscription_count_365d",
    "offer_count_365d",
    "offer_accepted_count_365d",
    "offer_declined_count_365d",
    "survey_score_count_365d",
]
AMOUNTS = [
    *(
        f"{side}_amount_sum_{days}d_cny"
        for side in ("debit", "credit")
        for days in (30, 90, 365)
    ),
    "salary_amount_sum_90d_cny",
    "salary_amount_sum_365d_cny",
    "customer_amount_sum_90d_cny",
    "customer_amount_mean_365d_cny",
    "subscription_amount_sum_365d_cny",
    "total_balance_range_180d_cny",
    "owed_balance_cny",
]
FLAGS = [
    "has_income_proof",
    "has_marketing_consent",
    *(f"holds_{family}" for family in FAMILIES),
]
BALANCES = [
    "deposit_balance_cny",
    "invested_balance_cny",
    "total_balance_cny",
    "total_balance_change_90d_cny",
    "total_balance_slope_180d_cny",
    # What the bank gave back may be more than what it charged.
    "fee_amount_sum_365d_cny",
    *(f"{family}_balance_cny" for family in FAMILIES),
]
SHARES = [
    "customer_event_ratio_30d_to_90d",
    "customer_event_ratio_90d_to_365d",
    *(f"{channel}_event_ratio_90d_to_365d" for channel in CHANNELS),
    "salary_ratio_90d_to_365d",
    "standing_order_ratio_90d_to_365d",
    "online_share_90d",
    "branch_share_90d",
]
DAYS_SINCE = [
    "days_since_customer_event",
    *(f"days_since_{channel}_event" for channel in CHANNELS),
    "days_since_salary",
    "days_since_automatic_event",
    "days_since_standing_order",
    "days_since_complaint",
    "days_since_opening",
]
RHYTHM = [
    "observed_days",
    "customer_event_count_per_30d_ever",
    "customer_event_count_usual_90d",
    "missed_event_count_ever",
    "missed_event_count_usual",
]
MEASURES = [
    *COUNTS,
    *AMOUNTS,
    *FLAGS,
    *BALANCES,
    *SHARES,
    *DAYS_SINCE,
    "tenure_days",
    "age_years",
    "annual_income_cny",
    "total_balance_ratio_90d",
    "branch_wait_minutes_mean_180d",
    "customer_event_gap_days_365d",
    "channel_entropy_90d",
    "debit_to_credit_ratio_90d",
    "total_balance_drawdown_180d",
    "experience_score_mean_365d",
    "satisfaction_gap_mean_365d",
    *RHYTHM,
    "customer_event_deviation_30d",
    "customer_event_deviation_90d",
]


def _between(columns, low, high, severity="critical"):
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=column,
            min_value=low,
            max_value=high,
            meta=ACCURACY,
            severity=severity,
        )
        for column in columns
    ]


def _expect_windows_nest():
    """Expect every longer window to hold at least what the shorter one holds."""
    return forbid_rows(
        " or ".join(
            f"{who}_event_count_{shorter}d > {who}_event_count_{longer}d"
            for who in (*CHANNELS, "customer")
            for shorter, longer in ((30, 90), (90, 180), (180, 365))
        ),
        says="a longer window counts at least what a shorter one does",
        principle=ACCURACY,
    )


def _compare_with_snapshot_before(measure, bounds, *, says, severity):
    """Expect the newest snapshot's measure to be so many times the one before's."""
    low, high = bounds
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            select 1 as broken from (
                select
                    {measure} / nullif(lag({measure}) over (order by as_of_date), 0)
                        as ratio
                from {{batch}} group by as_of_date order by as_of_date desc limit 1
            ) where ratio not between {low} and {high}
        """,
        description=says,
        meta=COMPLETENESS | {"is_about_table": True},
        severity=severity,
    )


SUITE = gx.ExpectationSuite(
    name="customer_features",
    expectations=[
        expect_columns(["customer_id", "as_of_date", "gender", *MEASURES]),
        expect_rows(),
        *_between([*COUNTS, *AMOUNTS, *DAYS_SINCE, *RHYTHM], 0, None),
        # Registered at least a day before the snapshot.
        *_between(["tenure_days"], 1, None),
        *_between(["branch_wait_minutes_mean_180d"], 0, 24 * 60),
        *_between([*FLAGS, *SHARES], 0, 1),
        *_between(["held_family_count"], 0, len(FAMILIES)),
        # The oldest person ever was 122; a wrong century is worth a look, not a stop.
        *_between(["age_years"], 0, 122, severity="warning"),
        # The richest bank customer has less than a hundred billion: beyond it, fen were
        # taken for yuan or a currency for another.
        *_between(BALANCES, -1e11, 1e11),
        _expect_windows_nest(),
        # Counts that are all nought mean that events found nobody: churn would be
        # everybody.
        gxe.ExpectColumnMeanToBeBetween(
            column="customer_event_count_365d",
            min_value=0,
            strict_min=True,
            meta=ACCURACY,
        ),
        # A bank's customers are grown up and alive.
        gxe.ExpectColumnMeanToBeBetween(
            column="age_years",
            min_value=18,
            max_value=80,
            meta=ACCURACY,
            severity="warning",
        ),
        # Most of who is registered has something with us.
        gxe.ExpectColumnMeanToBeBetween(
            column="open_account_count",
            min_value=0.5,
            meta=COMPLETENESS,
            severity="warning",
        ),
        require_of_table(
            f"max(as_of_date) = {SCORING_DATE}",
            says="the newest snapshot is of the day after the newest delivery",
            principle=TIMELINESS,
        ),
        # Registrations are kept, so customers come and do not go.
        _compare_with_snapshot_before(
            "count(*)",
            (0.99, 2),
            says="the newest snapshot has about the customers of the one before",
            severity="critical",
        ),
        # Half or twice the activity of the snapshot before is no season we know of.
        _compare_with_snapshot_before(
            "avg(customer_event_count_30d)",
            (0.5, 2),
            says="customers are about as active as in the snapshot before",
            severity="warning",
        ),
    ],
)
