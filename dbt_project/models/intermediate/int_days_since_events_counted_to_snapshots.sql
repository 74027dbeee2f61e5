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

-- A running maximum can't forget, so it is taken of what was never withdrawn only.
standing_days as (

    select
        customer_days.customer_id,
        customer_days.enters_as_of_date as as_of_date,
        {{ last_day_with('customer_event_count') }}
            as last_customer_event_date,
        {{ last_day_with('atm_event_count') }} as last_atm_event_date,
        {{ last_day_with('branch_event_count') }} as last_branch_event_date,
        {{ last_day_with('card_event_count') }} as last_card_event_date,
        {{ last_day_with('online_event_count') }} as last_online_event_date,
        {{ last_day_with('salary_count') }} as last_salary_date

    from customer_days

    where customer_days.withdrawn_as_of_date = {{ never() }}

    group by all

),

-- What was withdrawn is little, and is looked at for each snapshot at which it stood.
withdrawn_days as (

    select
        customer_days.customer_id,
        as_of_dates.as_of_date,
        {{ last_day_with('customer_event_count') }}
            as last_customer_event_date,
        {{ last_day_with('atm_event_count') }} as last_atm_event_date,
        {{ last_day_with('branch_event_count') }} as last_branch_event_date,
        {{ last_day_with('card_event_count') }} as last_card_event_date,
        {{ last_day_with('online_event_count') }} as last_online_event_date,
        {{ last_day_with('salary_count') }} as last_salary_date

    from customer_days

    inner join as_of_dates
        on customer_days.enters_as_of_date <= as_of_dates.as_of_date
        and customer_days.withdrawn_as_of_date > as_of_dates.as_of_date

    where customer_days.withdrawn_as_of_date < {{ never() }}

    group by all

),

last_days as (

    select
        snapshot_grid.customer_id,
        snapshot_grid.as_of_date,
        {{ last_day_known('last_customer_event_date') }} as last_customer_event_date,
        {{ last_day_known('last_atm_event_date') }} as last_atm_event_date,
        {{ last_day_known('last_branch_event_date') }} as last_branch_event_date,
        {{ last_day_known('last_card_event_date') }} as last_card_event_date,
        {{ last_day_known('last_online_event_date') }} as last_online_event_date,
        {{ last_day_known('last_salary_date') }} as last_salary_date

    from snapshot_grid

    left join standing_days
        on snapshot_grid.customer_id = standing_days.customer_id
        and snapshot_grid.as_of_date = standing_days.as_of_date

    left join withdrawn_days
        on snapshot_grid.customer_id = withdrawn_days.customer_id
        and snapshot_grid.as_of_date = withdrawn_days.as_of_date

    window in_order_of_date as (
        partition by snapshot_grid.customer_id order by snapshot_grid.as_of_date
    )

)

select
    customer_id,
    as_of_date,
    {{ days_since('last_customer_event_date') }} as days_since_customer_event,
    {{ days_since('last_atm_event_date') }} as days_since_atm_event,
    {{ days_since('last_branch_event_date') }} as days_since_branch_event,
    {{ days_since('last_card_event_date') }} as days_since_card_event,
    {{ days_since('last_online_event_date') }} as days_since_online_event,
    {{ days_since('last_salary_date') }} as days_since_salary

from last_days
