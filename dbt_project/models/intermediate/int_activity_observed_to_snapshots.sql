with

snapshot_grid as (

    select * from {{ ref('int_snapshot_grid') }}

),

customer_days as (

    select * from {{ ref('int_events_summed_to_customer_days') }}

),

accounts as (

    select * from {{ ref('int_accounts_current') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

active_days as (

    select
        customer_days.customer_id,
        customer_days.customer_event_count,
        calendar_days.enters_outcome_as_of_date,
        calendar_days.leaves_outcome_as_of_date

    from customer_days

    inner join calendar_days
        on customer_days.occurred_date = calendar_days.calendar_date

    where customer_days.is_current

),

-- Opened by the end of the window, and closed by the end of it.
account_lives as (

    select
        accounts.customer_id,
        1 as account_count,
        opened.enters_outcome_as_of_date as opened_as_of_date,
        closed.enters_outcome_as_of_date as closed_as_of_date

    from accounts

    inner join calendar_days as opened
        on accounts.opened_date = opened.calendar_date

    left join calendar_days as closed
        on accounts.closed_date = closed.calendar_date

),

events_entering as (

    {{ summed_by(
        'active_days', 'enters_outcome_as_of_date', ['customer_event_count']
    ) }}

),

events_leaving as (

    {{ summed_by(
        'active_days', 'leaves_outcome_as_of_date', ['customer_event_count']
    ) }}

),

accounts_opened as (

    {{ summed_by('account_lives', 'opened_as_of_date', ['account_count']) }}

),

accounts_closed as (

    {{ summed_by('account_lives', 'closed_as_of_date', ['account_count']) }}

)

select
    snapshot_grid.customer_id,
    snapshot_grid.as_of_date,
    sum(
        coalesce(events_entering.customer_event_count, 0)
        - coalesce(events_leaving.customer_event_count, 0)
    ) over in_order_of_date as customer_event_count_outcome,
    sum(
        coalesce(accounts_opened.account_count, 0)
        - coalesce(accounts_closed.account_count, 0)
    ) over in_order_of_date as open_account_count_outcome

from snapshot_grid

left join events_entering
    on snapshot_grid.customer_id = events_entering.customer_id
    and snapshot_grid.as_of_date = events_entering.as_of_date

left join events_leaving
    on snapshot_grid.customer_id = events_leaving.customer_id
    and snapshot_grid.as_of_date = events_leaving.as_of_date

left join accounts_opened
    on snapshot_grid.customer_id = accounts_opened.customer_id
    and snapshot_grid.as_of_date = accounts_opened.as_of_date

left join accounts_closed
    on snapshot_grid.customer_id = accounts_closed.customer_id
    and snapshot_grid.as_of_date = accounts_closed.as_of_date

window in_order_of_date as (
    partition by snapshot_grid.customer_id order by snapshot_grid.as_of_date
)
