"""What the newest cross-sell scores must satisfy before the marts may read them."""

import great_expectations as gx

from expectations.rules import (
    ACCURACY,
    COMPLETENESS,
    NEWEST_SNAPSHOT,
    expect_scores,
    forbid_rows,
    require_of_table,
)

# Who has an open account, and lacks a family that the champion has learnt.
ASKED = f"""(
    select count(distinct customer_id) from (
        unpivot (
            select customer_id, columns('holds_(.+)') as '\\1'
            from marts.customer_features
            where open_account_count > 0 and as_of_date = {NEWEST_SNAPSHOT}
        )
        on columns(* exclude (customer_id)) into name product_family value is_held
    )
    where is_held = 0 and product_family in (
        select product_family from ml.cross_sell_scores
        where as_of_date = {NEWEST_SNAPSHOT}
    )
)"""

SUITE = gx.ExpectationSuite(
    name="cross_sell_scores",
    expectations=[
        # Per family and quarter, a few in a thousand to a few in a hundred open one.
        *expect_scores(
            ["customer_id", "as_of_date", "product_family"],
            "open_probability",
            means=(0.0001, 0.3),
        ),
        forbid_rows(
            "product_family not in ("
            "select product_family from seeds.product_families where is_offered)",
            says="only what is offered is scored",
            principle=ACCURACY,
        ),
        # Who has no open account is offered nothing.
        require_of_table(
            f"count(distinct customer_id) = {ASKED}",
            says="everybody who lacks a family is scored",
            principle=COMPLETENESS,
        ),
    ],
)
