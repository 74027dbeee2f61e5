{# A table: the one wide pass over the events, read by all that counts. #}
{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('int_events_placed_in_snapshots') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

customer_days as (

    select
        customer_id,
        occurred_date,
        enters_as_of_date,
        withdrawn_as_of_date,
        is_current,
        count(*) filter (where initiative = 'customer') as customer_event_count,
        count(*) filter (where initiative = 'customer' and channel = 'atm')
            as atm_event_count,
        count(*) filter (where initiative = 'customer' and channel = 'branch')
            as branch_event_count,
        count(*) filter (where initiative = 'customer' and channel = 'card')
            as card_event_count,
        count(*) filter (where initiative = 'customer' and channel = 'online')
            as online_event_count,
        count(*) filter (where initiative = 'automatic') as automatic_event_count,
        count(*) filter (where event_type = 'complaint') as complaint_count,
        count(*) filter (where event_type = 'standing_order') as standing_order_count,
        count(*) filter (where event_type in ('salary', 'pension')) as salary_count,
        coalesce(sum(amount_cny) filter (where event_type in ('salary', 'pension')), 0)
            as salary_amount_cny,
        coalesce(-sum(amount_cny) filter (where amount_cny < 0), 0) as debit_amount_cny,
        coalesce(sum(amount_cny) filter (where amount_cny > 0), 0) as credit_amount_cny,
        count(wait_seconds) as branch_wait_count,
        coalesce(sum(wait_seconds), 0) as branch_wait_seconds,
        count(*) filter (where wait_seconds > 30 * 60)
            as branch_wait_over_30_minutes_count

    from events

    group by all

)

select
    customer_days.customer_id,
    customer_days.occurred_date,
    customer_days.is_current,
    customer_days.enters_as_of_date,
    {{ leaves(30) }} as leaves_30d_as_of_date,
    {{ leaves(90) }} as leaves_90d_as_of_date,
    {{ leaves(180) }} as leaves_180d_as_of_date,
    {{ leaves(365) }} as leaves_365d_as_of_date,
    customer_days.withdrawn_as_of_date,
    customer_days.is_current
    and customer_days.enters_as_of_date = calendar_days.first_as_of_date as is_prompt,
    customer_days.customer_event_count,
    customer_days.atm_event_count,
    customer_days.branch_event_count,
    customer_days.card_event_count,
    customer_days.online_event_count,
    customer_days.automatic_event_count,
    customer_days.complaint_count,
    customer_days.standing_order_count,
    customer_days.salary_count,
    customer_days.salary_amount_cny,
    customer_days.debit_amount_cny,
    customer_days.credit_amount_cny,
    customer_days.branch_wait_count,
    customer_days.branch_wait_seconds,
    customer_days.branch_wait_over_30_minutes_count

from customer_days

inner join calendar_days
    on customer_days.occurred_date = calendar_days.calendar_date
