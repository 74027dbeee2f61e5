{# A table: features and the bank's rules both read it. #}
{{ config(materialized='table') }}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

spans as (

    select * from {{ ref('int_events_summed_to_spans') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

lives as (

    select
        customer_id,
        enters_as_of_date,
        withdrawn_as_of_date,
        sum(customer_event_count) as customer_event_count

    from spans

    group by all

),

-- A life has no end but what was withdrawn.
counted as (

    select
        lives.customer_id,
        as_of_dates.as_of_date,
        sum(lives.customer_event_count) as customer_event_count

    from lives

    inner join as_of_dates
        on lives.enters_as_of_date <= as_of_dates.as_of_date
        and lives.withdrawn_as_of_date > as_of_dates.as_of_date

    group by lives.customer_id, as_of_dates.as_of_date

),

-- Of what was known then, the first day.
first_days as (

    select
        enters_as_of_date as as_of_date,
        min(first_event_date) as first_date

    from spans

    group by all

),

observed as (

    select
        as_of_dates.as_of_date,
        min(first_days.first_date) over (
            order by as_of_dates.as_of_date asc nulls last
        ) as observed_since_date

    from as_of_dates

    left join first_days
        on as_of_dates.as_of_date = first_days.as_of_date

)

select
    snapshots.customer_id,
    snapshots.as_of_date,
    coalesce(counted.customer_event_count, 0) as customer_event_count,
    observed.observed_since_date

from snapshots

inner join observed
    on snapshots.as_of_date = observed.as_of_date

left join counted
    on snapshots.customer_id = counted.customer_id
    and snapshots.as_of_date = counted.as_of_date
