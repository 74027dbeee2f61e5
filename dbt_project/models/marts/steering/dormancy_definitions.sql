{{ config(**kept_by_snapshot()) }}

with

features as (

    select * from {{ ref('customer_features') }}

),

lives as (

    select * from {{ ref('int_lives_counted_to_snapshots') }}

),

definitions as (

    select
        horizons.horizon_days,
        activities.counts_automatic_events

    from (values (90), (180), (365), (730)) as horizons (horizon_days)

    cross join (values (true), (false)) as activities (counts_automatic_events)

),

-- Whoever was a customer all the time, where all the time was observed.
judged as (

    select
        features.as_of_date,
        definitions.horizon_days,
        definitions.counts_automatic_events,
        {{ days_between('lives.observed_since_date', 'features.as_of_date') }}
        >= definitions.horizon_days as is_observed,
        coalesce(
            features.days_since_customer_event <= definitions.horizon_days, false
        )
        or (
            definitions.counts_automatic_events
            and coalesce(
                features.days_since_automatic_event <= definitions.horizon_days, false
            )
        ) as is_active,
        features.open_account_count = 0 as is_closed,
        features.total_balance_cny = 0 as is_empty

    from lives

    inner join features
        on lives.customer_id = features.customer_id
        and lives.as_of_date = features.as_of_date

    inner join definitions
        on features.tenure_days >= definitions.horizon_days

),

counted as (

    select
        as_of_date,
        horizon_days,
        counts_automatic_events,
        count(*) as customer_count,
        count(*) filter (where not is_active) as dormant_count,
        count(*) filter (where not is_active and is_closed) as closed_count,
        count(*) filter (where not is_active and not is_closed and is_empty)
            as zero_balance_count,
        count(*) filter (where not is_active and not is_closed and not is_empty)
            as vanished_count

    from judged

    where is_observed

    group by all

)

select
    as_of_date,
    horizon_days,
    counts_automatic_events,
    cast(customer_count as integer) as customer_count,
    cast(dormant_count as integer) as dormant_count,
    cast(closed_count as integer) as closed_count,
    cast(zero_balance_count as integer) as zero_balance_count,
    cast(vanished_count as integer) as vanished_count,
    cast(dormant_count as double) / customer_count as dormant_share

from counted
