{# A table: each event looks its day up here, instead of being compared with every
   snapshot. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

-- Nothing is older than 1900, and nothing counts that is newer than the last snapshot.
days as (

    select {{ days_from_to("date '1900-01-01'", 'max(as_of_date)') }} as calendar_date

    from as_of_dates

),

days_with_snapshots as (

    select
        days.calendar_date,
        {{ first_as_of_date_after(
            'as_of_dates.as_of_date', 'days.calendar_date', 0
        ) }} as first_as_of_date,
        {{ first_as_of_date_after(
            'as_of_dates.as_of_date', 'days.calendar_date', 30
        ) }} as leaves_30d_as_of_date,
        {{ first_as_of_date_after(
            'as_of_dates.as_of_date', 'days.calendar_date', 90
        ) }} as leaves_90d_as_of_date,
        {{ first_as_of_date_after(
            'as_of_dates.as_of_date', 'days.calendar_date', 180
        ) }} as leaves_180d_as_of_date,
        {{ first_as_of_date_after(
            'as_of_dates.as_of_date', 'days.calendar_date', 365
        ) }} as leaves_365d_as_of_date

    from days

    cross join as_of_dates

    group by days.calendar_date

)

select
    calendar_date,
    first_as_of_date,
    leaves_30d_as_of_date,
    leaves_90d_as_of_date,
    leaves_180d_as_of_date,
    leaves_365d_as_of_date,
    min(calendar_date) over (
        partition by
            first_as_of_date,
            leaves_30d_as_of_date,
            leaves_90d_as_of_date,
            leaves_180d_as_of_date,
            leaves_365d_as_of_date
    ) as span_started_date

from days_with_snapshots
