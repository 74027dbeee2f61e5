with

events as (

    select * from {{ ref('int_events_linked_to_customers') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

-- Days that belong to the same outcomes are as good as one.
active_spans as (

    select distinct
        events.customer_id,
        calendar_days.enters_outcome_as_of_date,
        calendar_days.leaves_outcome_as_of_date

    from events

    inner join calendar_days
        on events.occurred_date = calendar_days.calendar_date

    where
        events.superseded_at is null
        and events.initiative = 'customer'

)

select distinct
    active_spans.customer_id,
    as_of_dates.as_of_date

from active_spans

inner join as_of_dates
    on active_spans.enters_outcome_as_of_date <= as_of_dates.as_of_date
    and active_spans.leaves_outcome_as_of_date > as_of_dates.as_of_date
