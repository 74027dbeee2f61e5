{# A table: features and the bank's rules both read it. #}
{{ config(materialized='table') }}

with

spans as (

    select * from {{ ref('int_events_summed_to_spans') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

-- However long ago, a day is remembered until it is withdrawn.
last_days as (

    select
        customer_id,
        enters_as_of_date,
        withdrawn_as_of_date,
        max(last_customer_event_date) as last_customer_event_date,
        max(last_atm_event_date) as last_atm_event_date,
        max(last_branch_event_date) as last_branch_event_date,
        max(last_card_event_date) as last_card_event_date,
        max(last_online_event_date) as last_online_event_date,
        max(last_salary_date) as last_salary_date,
        max(last_phone_event_date) as last_phone_event_date,
        max(last_automatic_event_date) as last_automatic_event_date,
        max(last_standing_order_date) as last_standing_order_date,
        max(last_complaint_date) as last_complaint_date

    from spans

    group by all

)

select
    last_days.customer_id,
    as_of_dates.as_of_date,
    {{ days_since('last_days.last_customer_event_date', 'as_of_dates.as_of_date') }}
        as days_since_customer_event,
    {{ days_since('last_days.last_atm_event_date', 'as_of_dates.as_of_date') }}
        as days_since_atm_event,
    {{ days_since('last_days.last_branch_event_date', 'as_of_dates.as_of_date') }}
        as days_since_branch_event,
    {{ days_since('last_days.last_card_event_date', 'as_of_dates.as_of_date') }}
        as days_since_card_event,
    {{ days_since('last_days.last_online_event_date', 'as_of_dates.as_of_date') }}
        as days_since_online_event,
    {{ days_since('last_days.last_salary_date', 'as_of_dates.as_of_date') }}
        as days_since_salary,
    {{ days_since('last_days.last_phone_event_date', 'as_of_dates.as_of_date') }}
        as days_since_phone_event,
    {{ days_since('last_days.last_automatic_event_date', 'as_of_dates.as_of_date') }}
        as days_since_automatic_event,
    {{ days_since('last_days.last_standing_order_date', 'as_of_dates.as_of_date') }}
        as days_since_standing_order,
    {{ days_since('last_days.last_complaint_date', 'as_of_dates.as_of_date') }}
        as days_since_complaint

from last_days

inner join as_of_dates
    on last_days.enters_as_of_date <= as_of_dates.as_of_date
    and last_days.withdrawn_as_of_date > as_of_dates.as_of_date

group by last_days.customer_id, as_of_dates.as_of_date
