with

events as (

    select * from {{ ref('int_events_linked_to_customers') }}

),

touchpoint_events as (

    {{ dated(ref('touchpoint_events'), ['channel', 'event_type']) }}

)

select
    cast(date_trunc('month', events.occurred_date) as date) as month_date,
    touchpoint_events.touchpoint,
    count(*) as contact_count,
    count(distinct events.customer_id) as customer_count,
    avg(events.wait_seconds) / 60 as branch_wait_minutes_mean,
    count(*) filter (where events.wait_seconds > 30 * 60)
        as branch_wait_over_30_minutes_count

from events

inner join touchpoint_events
    on events.channel = touchpoint_events.channel
    and events.event_type = touchpoint_events.event_type
    and events.occurred_date >= touchpoint_events.valid_from
    and events.occurred_date < touchpoint_events.valid_to

where events.superseded_at is null

group by all
