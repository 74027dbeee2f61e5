with

events as (

    select * from {{ ref('int_events_linked_to_customers') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

)

-- An event counts from the first snapshot that it happened before and was known to,
-- until one that knows it was withdrawn.
select
    events.customer_id,
    events.channel,
    events.event_type,
    events.initiative,
    events.occurred_date,
    events.amount_cny,
    events.wait_seconds,
    happened.span_started_date,
    greatest(
        happened.first_as_of_date, coalesce(known.first_as_of_date, {{ never() }})
    ) as enters_as_of_date,
    coalesce(withdrawn.first_as_of_date, {{ never() }}) as withdrawn_as_of_date,
    events.superseded_at is null as is_current

from events

inner join calendar_days as happened
    on events.occurred_date = happened.calendar_date

left join calendar_days as known
    on {{ last_day_missed('events.known_at') }} = known.calendar_date

left join calendar_days as withdrawn
    on {{ last_day_missed('events.superseded_at') }} = withdrawn.calendar_date
