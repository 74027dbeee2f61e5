with

customer_days as (

    select * from {{ ref('int_events_summed_to_customer_days') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

snapshot_grid as (

    select * from {{ ref('int_snapshot_grid') }}

),

active_days as (

    select
        customer_id,
        occurred_date,
        enters_as_of_date,
        leaves_90d_as_of_date,
        is_prompt,
        1 as active_day_count

    from customer_days

    where customer_event_count > 0

),

-- Of a customer's day there is one prompt row at most, so these may be added up.
prompt_days as (

    select
        customer_id,
        occurred_date,
        enters_as_of_date,
        leaves_90d_as_of_date,
        active_day_count

    from active_days

    where is_prompt

),

entering as (

    {{ summed_by('prompt_days', 'enters_as_of_date', ['active_day_count']) }}

),

leaving_90d as (

    {{ summed_by('prompt_days', 'leaves_90d_as_of_date', ['active_day_count']) }}

),

-- Late and restated rows may name a day more than once. They are few, so each of their
-- days is counted once at each snapshot, unless a prompt row of that day counts there.
other_days as (

    select distinct
        active_days.customer_id,
        active_days.occurred_date,
        as_of_dates.as_of_date

    from active_days

    inner join as_of_dates
        on active_days.enters_as_of_date <= as_of_dates.as_of_date
        and active_days.leaves_90d_as_of_date > as_of_dates.as_of_date

    left join prompt_days
        on active_days.customer_id = prompt_days.customer_id
        and active_days.occurred_date = prompt_days.occurred_date

    where
        not active_days.is_prompt
        and prompt_days.customer_id is null

),

other_days_counted as (

    select
        customer_id,
        as_of_date,
        count(*) as active_day_count

    from other_days

    group by all

),

prompt_days_counted as (

    select
        snapshot_grid.customer_id,
        snapshot_grid.as_of_date,
        {{ in_window('active_day_count', 90) }} as active_day_count

    {{ grid_with_movements([90]) }}

)

select
    prompt_days_counted.customer_id,
    prompt_days_counted.as_of_date,
    prompt_days_counted.active_day_count
    + coalesce(other_days_counted.active_day_count, 0) as customer_active_day_count_90d

from prompt_days_counted

left join other_days_counted
    on prompt_days_counted.customer_id = other_days_counted.customer_id
    and prompt_days_counted.as_of_date = other_days_counted.as_of_date
