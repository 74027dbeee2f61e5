"""The feature table as one hand-written query, to compare ``crm build`` with.

The same columns and values as ``marts.customer_features``, by the fastest SQL we know,
and none of what makes the marts worth having: it knows one time instead of two, so that
every delivery has to be in time and the last; nobody may be registered twice; nothing
is tested, described or kept for anybody else.
"""

from pathlib import Path

from pipelines.foundation.parameters import PROJECT

# Measure of a span of days, and the windows it is asked for.
ALL = (30, 90, 180, 365)
WINDOWS = {
    "atm_event_count": ALL,
    "branch_event_count": ALL,
    "card_event_count": ALL,
    "online_event_count": ALL,
    "phone_event_count": ALL,
    "customer_event_count": ALL,
    "debit_amount_sum": (30, 90, 365),
    "credit_amount_sum": (30, 90, 365),
    "automatic_event_count": (90,),
    "salary_count": (90, 365),
    "salary_amount_sum": (90, 365),
    "standing_order_count": (90, 365),
    "loan_instalment_count": (90,),
    "fee_amount_sum": (365,),
    "customer_amount_sum": (90, 365),
    "customer_amount_count": (365,),
    "branch_wait_count": (180,),
    "branch_wait_seconds_sum": (180,),
    "branch_wait_over_30_minutes_count": (180,),
    "complaint_count": (180,),
}
LAST_DAYS = (
    *("customer_event", "atm_event", "branch_event", "card_event", "online_event"),
    *("phone_event", "automatic_event", "salary", "standing_order", "complaint"),
)
CHANNELS = ("atm", "branch", "card", "online", "phone")
FAMILIES = ("current_deposit", "time_deposit", "credit_card", "loan")
FAMILIES += ("wealth", "fund", "insurance")


def write_query() -> str:
    """Write the query, which reads ``raw.*`` and the seeds."""
    text = Path(__file__).with_name("features_by_hand.sql").read_text(encoding="utf-8")
    return text.format(
        seeds=PROJECT / "seeds",
        windows=",\n".join(_window(m, d) for m, days in WINDOWS.items() for d in days),
        last_days=", ".join(f"max(last_{name}) as last_{name}" for name in LAST_DAYS),
        days_since=",\n".join(
            f"cast(as_of_date - max(last_{name}) over life as double)"
            f" as days_since_{name}"
            for name in LAST_DAYS
        ),
        known_days=", ".join(f"days_since_{name}" for name in LAST_DAYS),
        counts=",\n".join(
            f"coalesce({_named(m, d)}, 0) as {_named(m, d)}"
            for m, days in WINDOWS.items()
            for d in days
            if m not in {"customer_amount_count", "branch_wait_count"}
            and (m, d)
            not in {("branch_wait_seconds_sum", 180), ("customer_amount_sum", 365)}
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


def _window(measure: str, days: int) -> str:
    weighed = f"sum({measure}{f' * w{days}' if days < 365 else ''})"
    return f"{weighed}{' / 100' if _is_money(measure) else ''} as " + _named(
        measure, days
    )


def _named(measure: str, days: int) -> str:
    return f"{measure}_{days}d{'_cny' if _is_money(measure) else ''}"


def _is_money(measure: str) -> bool:
    return measure.endswith("_amount_sum")
