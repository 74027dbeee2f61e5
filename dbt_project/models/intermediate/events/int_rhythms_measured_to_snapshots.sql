with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

spans as (

    select * from {{ ref('int_spans_summed_to_snapshots') }}

),

lives as (

    select * from {{ ref('int_lives_counted_to_snapshots') }}

),

days_since_events as (

    select * from {{ ref('int_days_since_events_found_to_snapshots') }}

),

counted as (

    select
        snapshots.customer_id,
        snapshots.as_of_date,
        -- Nobody acts before registering, and nobody saw who acted before our history.
        greatest(
            least(
                snapshots.tenure_days,
                {{ days_between('lives.observed_since_date', 'snapshots.as_of_date') }}
            ), 1
        ) as observed_days,
        lives.customer_event_count,
        coalesce(spans.customer_event_count_30d, 0) as customer_event_count_30d,
        coalesce(spans.customer_event_count_90d, 0) as customer_event_count_90d,
        days_since_events.days_since_customer_event

    from snapshots

    inner join lives
        on snapshots.customer_id = lives.customer_id
        and snapshots.as_of_date = lives.as_of_date

    left join spans
        on snapshots.customer_id = spans.customer_id
        and snapshots.as_of_date = spans.as_of_date

    left join days_since_events
        on snapshots.customer_id = days_since_events.customer_id
        and snapshots.as_of_date = days_since_events.as_of_date

),

expected as (

    select
        *,
        {{ events_per_day('customer_event_count', 'observed_days') }}
            as events_per_day,
        {{ usual_count_before(
            30, 'observed_days', 'customer_event_count', 'customer_event_count_30d'
        ) }} as usual_count_30d,
        {{ usual_count_before(
            90, 'observed_days', 'customer_event_count', 'customer_event_count_90d'
        ) }} as usual_count_90d

    from counted

)

select
    customer_id,
    as_of_date,
    cast(observed_days as double) as observed_days,
    30 * events_per_day as customer_event_count_per_30d_ever,
    usual_count_90d as customer_event_count_usual_90d,
    (customer_event_count_30d - usual_count_30d)
    / sqrt(usual_count_30d + 0.5) as customer_event_deviation_30d,
    (customer_event_count_90d - usual_count_90d)
    / sqrt(usual_count_90d + 0.5) as customer_event_deviation_90d,
    days_since_customer_event * events_per_day as missed_event_count_ever,
    days_since_customer_event * usual_count_90d / 90 as missed_event_count_usual

from expected
