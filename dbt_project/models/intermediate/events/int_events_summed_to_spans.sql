{# A table, for it is the one wide pass over the events. In order of customers, for what
   is next to each other is counted three times as fast. #}
{{ config(materialized='table') }}

with

-- Read twice, for a CTE read twice would be written down in between.
recent_events as (

    select * from {{ ref('int_events_placed_in_spans') }}

    where occurred_date >= {{ first_window_date(ref('int_as_of_dates_touched')) }}

),

older_events as (

    select * from {{ ref('int_events_placed_in_spans') }}

    where occurred_date < {{ first_window_date(ref('int_as_of_dates_touched')) }}

),

recent_spans as (

    select
        customer_id,
        span_started_date,
        enters_as_of_date,
        withdrawn_as_of_date,
        is_current,
        {{ count_where("initiative = 'customer'") }} as customer_event_count,
        {{ count_where("initiative = 'customer' and channel = 'atm'") }}
            as atm_event_count,
        {{ count_where("initiative = 'customer' and channel = 'branch'") }}
            as branch_event_count,
        {{ count_where("initiative = 'customer' and channel = 'card'") }}
            as card_event_count,
        {{ count_where("initiative = 'customer' and channel = 'online'") }}
            as online_event_count,
        {{ count_where("initiative = 'customer' and channel = 'phone'") }}
            as phone_event_count,
        {{ count_where("initiative = 'automatic'") }} as automatic_event_count,
        {{ count_where("event_type = 'complaint'") }} as complaint_count,
        {{ count_where("event_type = 'standing_order'") }} as standing_order_count,
        {{ count_where("event_type in ('salary', 'pension')") }} as salary_count,
        {{ fen_where('amount_cny', "event_type in ('salary', 'pension')") }}
            as salary_amount_fen,
        {{ fen_where('-amount_cny', 'amount_cny < 0') }} as debit_amount_fen,
        {{ fen_where('amount_cny', 'amount_cny > 0') }} as credit_amount_fen,
        {{ fen_where('-amount_cny', "event_type = 'fee'") }} as fee_amount_fen,
        {{ fen_where('abs(amount_cny)', "initiative = 'customer'") }}
            as customer_amount_fen,
        {{ count_where("initiative = 'customer' and amount_cny is not null") }}
            as customer_amount_count,
        {{ count_where("event_type = 'loan_instalment'") }} as loan_instalment_count,
        {{ count_where('wait_seconds is not null') }} as branch_wait_count,
        cast(coalesce(sum(wait_seconds), 0) as double) as branch_wait_seconds,
        {{ count_where('wait_seconds > 30 * 60') }}
            as branch_wait_over_30_minutes_count,
        {{ days_as_bits('occurred_date', 0, "initiative = 'customer'") }}
            as active_day_bits,
        {{ days_as_bits('occurred_date', 1, "initiative = 'customer'") }}
            as active_day_other_bits,
        max(occurred_date) filter (where initiative = 'customer')
            as last_customer_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'atm')
            as last_atm_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'branch')
            as last_branch_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'card')
            as last_card_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'online')
            as last_online_event_date,
        max(occurred_date) filter (where event_type in ('salary', 'pension'))
            as last_salary_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'phone')
            as last_phone_event_date,
        max(occurred_date) filter (where initiative = 'automatic')
            as last_automatic_event_date,
        max(occurred_date) filter (where event_type = 'standing_order')
            as last_standing_order_date,
        max(occurred_date) filter (where event_type = 'complaint')
            as last_complaint_date,
        min(occurred_date) as first_event_date

    from recent_events

    group by all

),

-- What happened before every window is still part of a life, and is asked for no more.
older_spans as (

    select
        customer_id,
        span_started_date,
        enters_as_of_date,
        withdrawn_as_of_date,
        is_current,
        {{ count_where("initiative = 'customer'") }} as customer_event_count,
        cast(null as double) as atm_event_count,
        cast(null as double) as branch_event_count,
        cast(null as double) as card_event_count,
        cast(null as double) as online_event_count,
        cast(null as double) as phone_event_count,
        cast(null as double) as automatic_event_count,
        cast(null as double) as complaint_count,
        cast(null as double) as standing_order_count,
        cast(null as double) as salary_count,
        cast(null as double) as salary_amount_fen,
        cast(null as double) as debit_amount_fen,
        cast(null as double) as credit_amount_fen,
        cast(null as double) as fee_amount_fen,
        cast(null as double) as customer_amount_fen,
        cast(null as double) as customer_amount_count,
        cast(null as double) as loan_instalment_count,
        cast(null as double) as branch_wait_count,
        cast(null as double) as branch_wait_seconds,
        cast(null as double) as branch_wait_over_30_minutes_count,
        cast(null as bigint) as active_day_bits,
        cast(null as bigint) as active_day_other_bits,
        max(occurred_date) filter (where initiative = 'customer')
            as last_customer_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'atm')
            as last_atm_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'branch')
            as last_branch_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'card')
            as last_card_event_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'online')
            as last_online_event_date,
        max(occurred_date) filter (where event_type in ('salary', 'pension'))
            as last_salary_date,
        max(occurred_date) filter (where initiative = 'customer' and channel = 'phone')
            as last_phone_event_date,
        max(occurred_date) filter (where initiative = 'automatic')
            as last_automatic_event_date,
        max(occurred_date) filter (where event_type = 'standing_order')
            as last_standing_order_date,
        max(occurred_date) filter (where event_type = 'complaint')
            as last_complaint_date,
        min(occurred_date) as first_event_date

    from older_events

    group by all

)

select * from recent_spans

union all

select * from older_spans

order by customer_id asc nulls last
