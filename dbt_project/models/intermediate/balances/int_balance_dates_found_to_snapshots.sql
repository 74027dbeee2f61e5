{# A table: a few dozen rows that would otherwise read every balance again. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

balances as (

    select * from {{ ref('stg_core_balances__balances') }}

),

-- A delivery holds every open account, so the newest balance date is the same for all.
delivered_dates as (

    select distinct
        balance_date,
        known_at,
        superseded_at

    from balances

)

select
    as_of_dates.as_of_date,
    as_of_dates.cut_off_at,
    max(delivered_dates.balance_date) filter (
        where delivered_dates.balance_date < as_of_dates.as_of_date
    ) as balance_date,
    max(delivered_dates.balance_date) filter (
        where
        delivered_dates.balance_date < {{ add_days('as_of_dates.as_of_date', -90) }}
    ) as balance_90d_ago_date

from as_of_dates

left join delivered_dates
    on as_of_dates.cut_off_at >= delivered_dates.known_at
    and coalesce(as_of_dates.cut_off_at < delivered_dates.superseded_at, true)

group by all
