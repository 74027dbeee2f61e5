{# A table: features and the bank's rules both read it. #}
{{ config(materialized='table') }}

with

spans as (

    select * from {{ ref('int_events_summed_to_spans') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

-- A span in no window is only of a life.
spans_at_snapshots as (

    select
        spans.*,
        as_of_dates.as_of_date,
        {{ is_in_window(
            'as_of_dates.as_of_date', 'span_starts.leaves_30d_as_of_date'
        ) }} as is_in_last_30d,
        {{ is_in_window(
            'as_of_dates.as_of_date', 'span_starts.leaves_90d_as_of_date'
        ) }} as is_in_last_90d,
        {{ is_in_window(
            'as_of_dates.as_of_date', 'span_starts.leaves_180d_as_of_date'
        ) }} as is_in_last_180d

    from spans

    inner join calendar_days as span_starts
        on spans.span_started_date = span_starts.calendar_date

    inner join as_of_dates
        on spans.enters_as_of_date <= as_of_dates.as_of_date
        and spans.withdrawn_as_of_date > as_of_dates.as_of_date
        and span_starts.leaves_365d_as_of_date > as_of_dates.as_of_date

)

select
    spans.customer_id,
    spans.as_of_date,
    {{ sum_in_last_days('spans', 'atm_event_count', 30) }} as atm_event_count_30d,
    {{ sum_in_last_days('spans', 'atm_event_count', 90) }} as atm_event_count_90d,
    {{ sum_in_last_days('spans', 'atm_event_count', 180) }} as atm_event_count_180d,
    {{ sum_in_last_days('spans', 'atm_event_count', 365) }} as atm_event_count_365d,
    {{ sum_in_last_days('spans', 'branch_event_count', 30) }} as branch_event_count_30d,
    {{ sum_in_last_days('spans', 'branch_event_count', 90) }} as branch_event_count_90d,
    {{ sum_in_last_days('spans', 'branch_event_count', 180) }}
        as branch_event_count_180d,
    {{ sum_in_last_days('spans', 'branch_event_count', 365) }}
        as branch_event_count_365d,
    {{ sum_in_last_days('spans', 'card_event_count', 30) }} as card_event_count_30d,
    {{ sum_in_last_days('spans', 'card_event_count', 90) }} as card_event_count_90d,
    {{ sum_in_last_days('spans', 'card_event_count', 180) }} as card_event_count_180d,
    {{ sum_in_last_days('spans', 'card_event_count', 365) }} as card_event_count_365d,
    {{ sum_in_last_days('spans', 'online_event_count', 30) }} as online_event_count_30d,
    {{ sum_in_last_days('spans', 'online_event_count', 90) }} as online_event_count_90d,
    {{ sum_in_last_days('spans', 'online_event_count', 180) }}
        as online_event_count_180d,
    {{ sum_in_last_days('spans', 'online_event_count', 365) }}
        as online_event_count_365d,
    {{ sum_in_last_days('spans', 'phone_event_count', 30) }} as phone_event_count_30d,
    {{ sum_in_last_days('spans', 'phone_event_count', 90) }} as phone_event_count_90d,
    {{ sum_in_last_days('spans', 'phone_event_count', 180) }} as phone_event_count_180d,
    {{ sum_in_last_days('spans', 'phone_event_count', 365) }} as phone_event_count_365d,
    {{ sum_in_last_days('spans', 'customer_event_count', 30) }}
        as customer_event_count_30d,
    {{ sum_in_last_days('spans', 'customer_event_count', 90) }}
        as customer_event_count_90d,
    {{ sum_in_last_days('spans', 'customer_event_count', 180) }}
        as customer_event_count_180d,
    {{ sum_in_last_days('spans', 'customer_event_count', 365) }}
        as customer_event_count_365d,
    {{ count_days_in_bits(
        ['spans.active_day_bits', 'spans.active_day_other_bits'],
        'spans.is_in_last_90d = 1'
    ) }} as customer_active_day_count_90d,
    {{ cny_in_last_days('spans', 'debit_amount_fen', 30) }} as debit_amount_sum_30d_cny,
    {{ cny_in_last_days('spans', 'debit_amount_fen', 90) }} as debit_amount_sum_90d_cny,
    {{ cny_in_last_days('spans', 'debit_amount_fen', 365) }}
        as debit_amount_sum_365d_cny,
    {{ cny_in_last_days('spans', 'credit_amount_fen', 30) }}
        as credit_amount_sum_30d_cny,
    {{ cny_in_last_days('spans', 'credit_amount_fen', 90) }}
        as credit_amount_sum_90d_cny,
    {{ cny_in_last_days('spans', 'credit_amount_fen', 365) }}
        as credit_amount_sum_365d_cny,
    {{ sum_in_last_days('spans', 'automatic_event_count', 90) }}
        as automatic_event_count_90d,
    {{ sum_in_last_days('spans', 'salary_count', 90) }} as salary_count_90d,
    {{ sum_in_last_days('spans', 'salary_count', 365) }} as salary_count_365d,
    {{ cny_in_last_days('spans', 'salary_amount_fen', 90) }}
        as salary_amount_sum_90d_cny,
    {{ cny_in_last_days('spans', 'salary_amount_fen', 365) }}
        as salary_amount_sum_365d_cny,
    {{ sum_in_last_days('spans', 'standing_order_count', 90) }}
        as standing_order_count_90d,
    {{ sum_in_last_days('spans', 'standing_order_count', 365) }}
        as standing_order_count_365d,
    {{ sum_in_last_days('spans', 'loan_instalment_count', 90) }}
        as loan_instalment_count_90d,
    {{ cny_in_last_days('spans', 'fee_amount_fen', 365) }} as fee_amount_sum_365d_cny,
    {{ cny_in_last_days('spans', 'customer_amount_fen', 90) }}
        as customer_amount_sum_90d_cny,
    {{ cny_in_last_days('spans', 'customer_amount_fen', 365) }}
        as customer_amount_sum_365d_cny,
    {{ sum_in_last_days('spans', 'customer_amount_count', 365) }}
        as customer_amount_count_365d,
    {{ sum_in_last_days('spans', 'branch_wait_count', 180) }} as branch_wait_count_180d,
    {{ sum_in_last_days('spans', 'branch_wait_seconds', 180) }}
        as branch_wait_seconds_sum_180d,
    {{ sum_in_last_days('spans', 'branch_wait_over_30_minutes_count', 180) }}
        as branch_wait_over_30_minutes_count_180d,
    {{ sum_in_last_days('spans', 'complaint_count', 180) }} as complaint_count_180d

from spans_at_snapshots as spans

group by spans.customer_id, spans.as_of_date
