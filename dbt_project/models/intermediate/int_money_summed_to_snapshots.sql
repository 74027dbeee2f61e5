{% set measures = [
    'debit_amount_cny',
    'credit_amount_cny',
    'automatic_event_count',
    'salary_count',
    'salary_amount_cny',
    'standing_order_count',
] %}

with

customer_days as (

    select * from {{ ref('int_events_summed_to_customer_days') }}

),

snapshot_grid as (

    select * from {{ ref('int_snapshot_grid') }}

),

entering as (

    {{ summed_by('customer_days', 'enters_as_of_date', measures) }}

),

leaving_30d as (

    {{ summed_by('customer_days', 'leaves_30d_as_of_date', measures) }}

),

leaving_90d as (

    {{ summed_by('customer_days', 'leaves_90d_as_of_date', measures) }}

),

leaving_365d as (

    {{ summed_by('customer_days', 'leaves_365d_as_of_date', measures) }}

)

select
    snapshot_grid.customer_id,
    snapshot_grid.as_of_date,
    {{ in_window('debit_amount_cny', 30) }} as debit_amount_sum_30d_cny,
    {{ in_window('debit_amount_cny', 90) }} as debit_amount_sum_90d_cny,
    {{ in_window('debit_amount_cny', 365) }} as debit_amount_sum_365d_cny,
    {{ in_window('credit_amount_cny', 30) }} as credit_amount_sum_30d_cny,
    {{ in_window('credit_amount_cny', 90) }} as credit_amount_sum_90d_cny,
    {{ in_window('credit_amount_cny', 365) }} as credit_amount_sum_365d_cny,
    {{ in_window('automatic_event_count', 90) }} as automatic_event_count_90d,
    {{ in_window('salary_count', 90) }} as salary_count_90d,
    {{ in_window('salary_count', 365) }} as salary_count_365d,
    {{ in_window('salary_amount_cny', 90) }} as salary_amount_sum_90d_cny,
    {{ in_window('standing_order_count', 90) }} as standing_order_count_90d

{{ grid_with_movements([30, 90, 365]) }}
