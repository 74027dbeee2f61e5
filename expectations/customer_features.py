"""What the features must satisfy before anybody is mined or scored on them.

Keys, nulls and categories are tested by dbt, beside the dbt model. What a single column
must satisfy is its entry in ``customer_features.yml``.
"""

import re
from itertools import pairwise

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

WINDOW = re.compile(r"(?P<measure>.+_count)_(?P<days>\d+)d")


def build_suite(contract):
    """Build the suite from what the columns promise.

    Parameters
    ----------
    contract : FeatureContract
        With ``keys`` and ``features``, each of which has ``name``, ``limits`` and
        ``severity``.

    Returns
    -------
    ExpectationSuite
        A feature that the contract gains is expected from then on.
    """
    names = [feature.name for feature in contract.features]
    return gx.ExpectationSuite(
        name="customer_features",
        expectations=[
            expect_columns([*contract.keys, *names]),
            expect_rows(),
            *_expect_limits(contract.features),
            _expect_windows_nest(names),
            _expect_families_add_up(names),
            *_expect_judgements(),
        ],
    )


def _expect_limits(features):
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=feature.name,
            min_value=least,
            max_value=greatest,
            meta=ACCURACY,
            severity=feature.severity,
        )
        for feature in features
        for least, greatest in [feature.limits]
        if (least, greatest) != (None, None)
    ]


def _expect_windows_nest(names):
    """Expect every longer window to hold at least what the shorter one holds."""
    windows = {}
    for window in filter(None, map(WINDOW.fullmatch, names)):
        windows.setdefault(window["measure"], []).append(int(window["days"]))
    return forbid_rows(
        " or ".join(
            f"{measure}_{shorter}d > {measure}_{longer}d"
            for measure, days in windows.items()
            for shorter, longer in pairwise(sorted(days))
        ),
        says="a longer window counts at least what a shorter one does",
        principle=ACCURACY,
    )


def _expect_families_add_up(names):
    held = " + ".join(name for name in names if name.startswith("holds_"))
    return forbid_rows(
        f"held_family_count != {held}",
        says="as many families are held as flags say",
        principle=ACCURACY,
    )


def _expect_judgements():
    """Expect what is known of all customers together."""
    return [
        # Counts that are all nought mean that events found nobody: all would seem
        # dormant.
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
    ]


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
