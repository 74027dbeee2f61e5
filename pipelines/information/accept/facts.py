"""Measure deliveries: one row of facts about each, and none about a customer."""

import duckdb
import pandas as pd

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.information.accept import cross_checks

# Which register knows an identifier of this kind. Its pseudonym is the same everywhere.
REGISTER_OF_IDENTIFIER = {
    "account": "core_accounts",
    "card": "core_accounts",
    "customer": "core_customers",
    "login": "core_customers",
}
# No bank's core system in use today holds an event that is older.
FIRST_CREDIBLE_DATE = "1980-01-01"
# A delivery is compared with the 4 before it of the same rhythm: monthly, or of the
# same day of the week. More of them would hold growth against a growing bank, and where
# there are fewer than a hundred rows, chance decides.
MEASURE = """
insert into ops.delivery_facts by name
with contents as (
    {contents}
),
days as (
    select
        source, business_date,
        lag(business_date) over by_date as previous_date,
        business_date - previous_date as days_since_previous,
        list(distinct dayofweek(business_date)) over (partition by source) as weekdays
    from (
        select distinct source, business_date from ops.deliveries
        where status in ('accepted', 'loaded', 'duplicate', 'held')
    )
    window by_date as (partition by source order by business_date)
),
-- A source that never delivers on a Sunday misses none.
gaps as (
    select
        source, business_date,
        case
            when median(days_since_previous) over (partition by source) >= 28
                then date_diff('month', previous_date, business_date) - 1
            else len(list_filter(
                range(previous_date + 1, business_date, interval 1 day),
                lambda day: list_contains(weekdays, dayofweek(day))
            ))
        end as missing_date_count
    from days
),
arrivals as (
    select
        deliveries.*,
        contents.* exclude (delivery_id, filled_share, typical_amount),
        coalesce(contents.filled_share, measured.filled_share) as filled_share,
        coalesce(contents.typical_amount, measured.typical_amount) as typical_amount,
        gaps.missing_date_count,
        deliveries.sequence - 1 - (
            select count(distinct sequence) from ops.deliveries as earlier
            where earlier.source = deliveries.source
                and earlier.business_date = deliveries.business_date
                and earlier.sequence < deliveries.sequence
                and earlier.status != 'refused'
        ) as missing_sequence_count,
        case
            when days.days_since_previous >= 28 then 'monthly'
            when days.days_since_previous is not null
                then lower(dayname(deliveries.business_date))
        end as rhythm
    from ops.deliveries
    inner join days using (source, business_date)
    inner join gaps using (source, business_date)
    left join contents using (delivery_id)
    left join ops.delivery_facts as measured using (delivery_id)
    where deliveries.status in ('accepted', 'loaded')
),
compared as (
    select
        *,
        median(rows_delivered) over before as usual_rows,
        median(filled_share) over before as usual_filled_share,
        median(typical_amount) over before as usual_amount,
        count(*) over before >= 4 and rhythm is not null and usual_rows >= 100
            as is_comparable
    from arrivals
    window before as (
        partition by source, rhythm order by business_date, sequence
        rows between 4 preceding and 1 preceding
    )
),
missing as (
    select delivery_id, count(distinct (file_number, line_number)) as row_count
    from ops.quarantine where reason = 'missing'
    group by delivery_id
)
select
    delivery_id, source, business_date, sequence, rhythm,
    rows_delivered, rows_loaded, rows_duplicate, rows_quarantined,
    rows_delivered - rows_loaded - rows_duplicate - rows_quarantined
        as rows_unaccounted,
    rows_loaded - coalesce(rows_stored, 0) as rows_missing,
    rows_quarantined / nullif(rows_delivered, 0) as quarantined_share,
    coalesce(missing.row_count, 0) / nullif(rows_delivered, 0)
        as missing_required_share,
    impossible_time_share, unknown_reference_share, filled_share,
    case when is_comparable then filled_share - usual_filled_share end
        as filled_share_change,
    case when is_comparable then rows_delivered / usual_rows end as volume_ratio,
    business_date - cast(newest_happened_at as date) as newest_row_age_days,
    date_diff('second', newest_happened_at, extracted_at) / 3600
        as knowledge_lag_hours,
    case when sequence = 1 then cast(extracted_at as date) - business_date end
        as delay_days,
    missing_sequence_count, missing_date_count, early_event_share,
    unlike_register_share, slipped_share, seen_account_share, unmoved_share,
    typical_amount,
    case when is_comparable then typical_amount / nullif(usual_amount, 0) end
        as typical_amount_ratio
from compared
left join missing using (delivery_id)
where status = 'loaded'
"""


def measure(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Measure every delivery that is loaded and not judged yet.

    What it is compared with are accepted deliveries, and loaded ones, of earlier days.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open for writing: the facts are kept in ``ops.delivery_facts``.

    Returns
    -------
    DataFrame of shape (n_deliveries, n_facts)
        The facts, in order of business date. Shares are fractions in [0, 1].
    """
    sources = connection.execute("""
        select distinct source from ops.deliveries where status = 'loaded'
        order by source
    """).fetchall()
    contracts = [load_contract(source) for (source,) in sources]
    _replace_facts(connection, contracts, is_history_whole=False)
    (is_some_outside,) = connection.execute("""
        select coalesce(bool_or(rows_missing > 0), false) from ops.delivery_facts
        where delivery_id in (
            select delivery_id from ops.deliveries where status = 'loaded'
        )
    """).fetchone()
    if is_some_outside:
        # Rows older than what is usually compared: a first load of history, or gone.
        _replace_facts(connection, contracts, is_history_whole=True)
    return connection.execute("""
        select facts.*
        from ops.delivery_facts as facts
        inner join ops.deliveries using (delivery_id)
        where deliveries.status = 'loaded'
        order by facts.business_date, facts.source, facts.sequence
    """).df()


def _replace_facts(
    connection: duckdb.DuckDBPyConnection,
    contracts: list[Contract],
    *,
    is_history_whole: bool,
) -> None:
    connection.execute("""
        delete from ops.delivery_facts
        where delivery_id in (
            select delivery_id from ops.deliveries where status = 'loaded'
        )
    """)
    contents = " union all ".join(
        _measure_rows(contract, is_history_whole=is_history_whole)
        for contract in contracts
    )
    if contents:
        connection.execute(MEASURE.format(contents=contents))


def _measure_rows(contract: Contract, *, is_history_whole: bool) -> str:
    """Write the query that measures the rows of a source's new deliveries."""
    happened_at = f"cast({contract.happened.name} as timestamp)"
    filled = " + ".join(f"count({name})" for name in contract.names)
    unknown = " or ".join(_unknown_references(contract)) or "null"
    facts = cross_checks.list_facts(contract)
    compared = ", ".join(f"{fact} as {name}" for name, fact in facts.items())
    return f"""
        select
            delivery_id,
            count(*) as rows_stored,
            max({happened_at}) as newest_happened_at,
            avg(cast(
                {happened_at} not between timestamp '{FIRST_CREDIBLE_DATE}'
                and known_at as integer
            )) as impossible_time_share,
            avg(cast(({unknown}) as integer)) as unknown_reference_share,
            ({filled}) / (count(*) * {len(contract.names)}) as filled_share,
            {compared}
        from {cross_checks.select_rows(contract, is_history_whole=is_history_whole)}
        group by delivery_id
    """


def _unknown_references(contract: Contract) -> list[str]:
    """Write, for each reference to another source's register, when it is unknown."""
    conditions = []
    for column in contract.identifiers:
        register = REGISTER_OF_IDENTIFIER.get(column.identifier, contract.source)
        if register == contract.source:
            continue
        (known,) = (
            candidate.name
            for candidate in load_contract(register).identifiers
            if candidate.identifier == column.identifier
        )
        conditions.append(f"""
            ({column.name} is not null and {column.name} not in (
                select {known} from raw.{register}
                where {known} is not null and delivery_id in (
                    select delivery_id from ops.deliveries
                    where status in ('accepted', 'loaded')
                )
            ))
        """)
    return conditions
