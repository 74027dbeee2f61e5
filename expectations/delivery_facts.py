"""What a delivery must satisfy, as a whole, before the marts may read it.

Checked over ``ops.delivery_facts``, which has one row per delivery and no customer.
What a single row must satisfy is the contract's business, and ingestion quarantines
what breaks it. A fact that a delivery without rows does not have is null, and passes.
"""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.row_conditions import Column

from expectations.rules import ACCURACY, AUTHENTICITY, COMPLETENESS, TIMELINESS

# A share of few rows is no judgement: one bad row in three is not a bad delivery.
ENOUGH_ROWS = Column("rows_delivered") >= 20  # noqa: PLR2004


def _between(column, low, high, *, principle, severity, **options):
    bounds = f"{'…' if low is None else low} to {'…' if high is None else high}"
    return gxe.ExpectColumnValuesToBeBetween(
        column=column,
        min_value=low,
        max_value=high,
        description=f"{column} in {bounds}",
        meta=principle,
        severity=severity,
        **options,
    )


def _expect_authentic():
    # Rows are conserved, and what was counted is what is there.
    return [
        _between(column, 0, 0, principle=AUTHENTICITY, severity="critical")
        for column in ("rows_unaccounted", "rows_missing")
    ] + [
        # A restatement of a restatement that never came.
        _between(
            "missing_sequence_count",
            0,
            0,
            principle=AUTHENTICITY,
            severity="warning",
        ),
        # An account's currency does not change.
        _between(
            "unlike_register_share", 0, 0, principle=AUTHENTICITY, severity="warning"
        ),
        # Whoever takes money out has less afterwards. By chance, what came in is the
        # same to the cent; in one account of twenty, these are last month's balances.
        _between(
            "unmoved_share",
            0,
            0.05,
            principle=AUTHENTICITY,
            severity="warning",
            row_condition=ENOUGH_ROWS,
        ),
    ]


def _expect_accurate():
    return [
        # Every row in twenty missing would look like customers falling dormant; one in
        # two hundred is what a real source gets wrong on a bad day.
        _between(
            "quarantined_share",
            0,
            0.05,
            principle=ACCURACY,
            severity="critical",
            row_condition=ENOUGH_ROWS,
        ),
        _between("quarantined_share", 0, 0.005, principle=ACCURACY, severity="warning"),
        # Before 1980 or after the extraction: a register may hold a few migrated dates,
        # more means that a date was read in the wrong format.
        _between(
            "impossible_time_share",
            0,
            0.01,
            principle=ACCURACY,
            severity="critical",
            row_condition=ENOUGH_ROWS,
        ),
        _between("impossible_time_share", 0, 0, principle=ACCURACY, severity="warning"),
        # Nobody uses an account before it is opened.
        _between("early_event_share", 0, 0, principle=ACCURACY, severity="warning"),
        # Yuan for fen: of one account, and of all.
        _between("slipped_share", 0, 0.002, principle=ACCURACY, severity="warning"),
        _between(
            "typical_amount_ratio", 0.05, 20, principle=ACCURACY, severity="warning"
        ),
    ]


def _expect_timely(newest_row):
    return [
        # An extract from before its own day is not of that day; three days late is a
        # long week-end.
        _between("delay_days", 0, None, principle=TIMELINESS, severity="critical"),
        _between("delay_days", None, 3, principle=TIMELINESS, severity="warning"),
        # Whatever the rhythm, something happened in the last 31 days: otherwise this is
        # last month's file. A day's grace the other way is for time zones.
        _between(
            "newest_row_age_days", -1, 31, principle=TIMELINESS, severity=newest_row
        ),
        # The limit of the contracts' own freshness: nothing is older when it arrives.
        _between(
            "knowledge_lag_hours",
            None,
            35 * 24,
            principle=TIMELINESS,
            severity="warning",
        ),
    ]


def _expect_complete(volume):
    return [
        _between(
            "missing_required_share",
            0,
            0.005,
            principle=COMPLETENESS,
            severity="warning",
        ),
        # One of the columns fell empty: contracts have 4 to 18.
        _between(
            "filled_share_change",
            -0.05,
            None,
            principle=COMPLETENESS,
            severity="warning",
            row_condition=ENOUGH_ROWS,
        ),
        _between("volume_ratio", *volume, principle=COMPLETENESS, severity="warning"),
        _between(
            "missing_date_count", 0, 0, principle=COMPLETENESS, severity="warning"
        ),
        # Every open account has a balance; what opens at the end of a day may not yet.
        _between(
            "seen_account_share",
            0.95,
            None,
            principle=COMPLETENESS,
            severity="warning",
        ),
    ]


def _expect_known_references():
    return [
        # Early arrivals are normal, the register catches up. When half the rows belong
        # to nobody, the register is missing or this is another bank's file.
        _between(
            "unknown_reference_share",
            0,
            0.5,
            principle=ACCURACY,
            severity="critical",
            row_condition=ENOUGH_ROWS,
        ),
        _between(
            "unknown_reference_share", 0, 0.01, principle=ACCURACY, severity="warning"
        ),
    ]


def _build_suite(source, *, newest_row, volume, references=True):
    return gx.ExpectationSuite(
        name=source,
        expectations=[
            *_expect_authentic(),
            *_expect_accurate(),
            *(_expect_known_references() if references else ()),
            *_expect_timely(newest_row),
            *_expect_complete(volume),
        ],
    )


# Customers act every day, so events that stopped are a broken feed. Half or twice the
# usual for the day of the week is a public holiday at most.
EVENTS = {"newest_row": "critical", "volume": (0.5, 2)}
# Surveys, campaigns and partners come in waves, and not every month.
WAVES = {"newest_row": "warning", "volume": (0.1, 10)}
# Registers change when they change: most months little, and once a year, with the tax
# returns, a fifth of all customers.
REGISTER = {"newest_row": "warning", "volume": (0.02, 50)}

SUITES = {
    "atm": _build_suite("atm", **EVENTS),
    "branch": _build_suite("branch", **EVENTS),
    "campaign": _build_suite("campaign", **WAVES),
    "card": _build_suite("card", **EVENTS),
    "core_accounts": _build_suite("core_accounts", **REGISTER),
    # Every open account each time: a fifth more or less is no day's business.
    "core_balances": _build_suite(
        "core_balances", newest_row="critical", volume=(0.8, 1.25)
    ),
    "core_customers": _build_suite("core_customers", references=False, **REGISTER),
    "core_postings": _build_suite("core_postings", **EVENTS),
    "core_subscriptions": _build_suite("core_subscriptions", **REGISTER),
    "online": _build_suite("online", **EVENTS),
    "partner": _build_suite("partner", **WAVES),
    "phone": _build_suite("phone", **EVENTS),
    "survey": _build_suite("survey", **WAVES),
}
