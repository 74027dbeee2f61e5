{# A table: asked of each row of labels. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

built_snapshots as (

    select * from {{ ref('stg_ops__built_snapshots') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

)

select distinct as_of_dates.as_of_date

from as_of_dates

left join built_snapshots
    on as_of_dates.as_of_date = built_snapshots.as_of_date

left join changed_deliveries
    on changed_deliveries.month_date
    < {{ add_days('as_of_dates.as_of_date', days_until_all_are_known()) }}
    and changed_deliveries.month_date > as_of_dates.as_of_date - interval 1 month

where
    as_of_dates.is_touched
    or changed_deliveries.month_date is not null
    or coalesce(as_of_dates.gaps, '') != coalesce(built_snapshots.gaps, '')
    or {{ add_days('as_of_dates.as_of_date', days_until_all_are_known()) }}
    > least(built_snapshots.observed_until_date, as_of_dates.observed_until_date)
