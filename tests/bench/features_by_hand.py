"""The feature table as one hand-written query, to compare ``crm build`` with.

The same columns and values as ``marts.customer_features``, by the fastest SQL we know,
and none of what makes the marts worth having: it knows one time instead of two, so that
every delivery has to be in time and the last; nobody may be registered twice; nothing
is tested, described or kept for anybody else.

Which columns there are, the contract says. How each is counted is written here again:
what the contract gains and this does not know is left out, and said.
"""

import re
from pathlib import Path

from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.parameters import PROJECT, read_families

# Measures of a span of days, and windows that any of them may be asked for.
MEASURES = (
    *("atm_event_count", "branch_event_count", "card_event_count"),
    *("online_event_count", "phone_event_count", "customer_event_count"),
    *("debit_amount_sum", "credit_amount_sum", "automatic_event_count"),
    *("salary_count", "salary_amount_sum", "standing_order_count"),
    *("loan_instalment_count", "fee_amount_sum", "customer_amount_sum"),
    *("customer_amount_count", "branch_wait_count", "branch_wait_seconds_sum"),
    *("branch_wait_over_30_minutes_count", "complaint_count"),
)
WINDOW = re.compile(rf"({'|'.join(MEASURES)})_(30|90|180|365)d(?:_cny)?")
# No features themselves, but ratios are made of them.
PARTS = (
    ("customer_amount_sum", 365),
    ("customer_amount_count", 365),
    ("branch_wait_count", 180),
    ("branch_wait_seconds_sum", 180),
)
LAST_DAYS = (
    *("customer_event", "atm_event", "branch_event", "card_event", "online_event"),
    *("phone_event", "automatic_event", "salary", "standing_order", "complaint"),
)
CHANNELS = ("atm", "branch", "card", "online", "phone")
FAMILIES = read_families()


def write_query() -> str:
    """Write the query, which reads ``raw.*`` and the seeds."""
    contract = load_feature_contract()
    names = [*contract.keys, *(feature.name for feature in contract.features)]
    windows = [
        (window[1], int(window[2])) for window in map(WINDOW.fullmatch, names) if window
    ]
    text = Path(__file__).with_name("features_by_hand.sql").read_text(encoding="utf-8")
    recounted = text.format(
        seeds=PROJECT / "seeds",
        windows=",\n".join(
            _window(*window) for window in dict.fromkeys([*windows, *PARTS])
        ),
        last_days=", ".join(f"max(last_{name}) as last_{name}" for name in LAST_DAYS),
        days_since=",\n".join(
            f"cast(as_of_date - max(last_{name}) over life as double)"
            f" as days_since_{name}"
            for name in LAST_DAYS
        ),
        known_days=", ".join(f"days_since_{name}" for name in LAST_DAYS),
        counts=",\n".join(
            f"coalesce({_named(*window)}, 0) as {_named(*window)}" for window in windows
        ),
        ratios=",\n".join(
            f"{m}_count_90d / nullif({m}_count_365d, 0) as {m}_ratio_90d_to_365d"
            for m in (*(f"{c}_event" for c in CHANNELS), "salary", "standing_order")
        ),
        entropy=" + ".join(
            f"coalesce(-{c}_event_count_90d / nullif(customer_event_count_90d, 0)"
            f" * ln(nullif({c}_event_count_90d, 0)"
            f" / nullif(customer_event_count_90d, 0)), 0)"
            for c in CHANNELS
        ),
        holds=",\n".join(
            f"cast(coalesce(bool_or(is_open and family = '{f}'), false) as double)"
            f" as holds_{f}"
            for f in FAMILIES
        ),
        held=" + ".join(f"coalesce(holds_{f}, 0)" for f in FAMILIES),
        holding=",\n".join(f"coalesce(holds_{f}, 0) as holds_{f}" for f in FAMILIES),
        balances=",\n".join(
            f"cast(coalesce(sum(cny) filter (is_latest and family = '{f}'), 0)"
            f" as double) as {f}_balance_cny"
            for f in FAMILIES
        ),
        family_balances=",\n".join(
            f"coalesce({f}_balance_cny, 0) as {f}_balance_cny" for f in FAMILIES
        ),
    )
    return (
        "create or replace table features as "
        f"select columns(lambda name: list_contains({names}, name)) from ({recounted})"
    )


def _window(measure: str, days: int) -> str:
    weighed = f"sum({measure}{f' * w{days}' if days < 365 else ''})"
    return f"{weighed}{' / 100' if _is_money(measure) else ''} as " + _named(
        measure, days
    )


def _named(measure: str, days: int) -> str:
    return f"{measure}_{days}d{'_cny' if _is_money(measure) else ''}"


def _is_money(measure: str) -> bool:
    return measure.endswith("_amount_sum")
