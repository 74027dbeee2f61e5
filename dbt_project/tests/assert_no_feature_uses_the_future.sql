-- What counts at a snapshot happened before it, whatever has been counted.
with

spans as (

    select * from {{ ref('int_events_summed_to_spans') }}

),

balance_dates as (

    select * from {{ ref('int_balance_dates_found_to_snapshots') }}

)

select enters_as_of_date as as_of_date
from spans
where
    enters_as_of_date <= last_customer_event_date
    or enters_as_of_date <= last_salary_date
    or enters_as_of_date <= span_started_date

union all

select as_of_date
from balance_dates
where
    as_of_date <= balance_date
    or {{ add_days('as_of_date', -90) }} <= balance_90d_ago_date
