{# A table: each event looks its day up here. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

days as (

    select {{ days_from_to('min(as_of_date)', 'max(as_of_date)') }} as calendar_date

    from as_of_dates

)

select
    days.calendar_date,
    {{ first_as_of_date_after(
        'as_of_dates.as_of_date', 'days.calendar_date', -days_until_known('churn')
    ) }} as enters_as_of_date,
    {{ first_as_of_date_after(
        'as_of_dates.as_of_date', 'days.calendar_date', -lead_days('churn')
    ) }} as leaves_as_of_date

from days

cross join as_of_dates

group by days.calendar_date
