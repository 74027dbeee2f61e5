{% set measures = [
    'atm_event_count',
    'branch_event_count',
    'card_event_count',
    'online_event_count',
    'customer_event_count',
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

leaving_180d as (

    {{ summed_by('customer_days', 'leaves_180d_as_of_date', measures) }}

),

leaving_365d as (

    {{ summed_by('customer_days', 'leaves_365d_as_of_date', measures) }}

)

select
    snapshot_grid.customer_id,
    snapshot_grid.as_of_date,
    {{ in_window('atm_event_count', 30) }} as atm_event_count_30d,
    {{ in_window('atm_event_count', 90) }} as atm_event_count_90d,
    {{ in_window('atm_event_count', 180) }} as atm_event_count_180d,
    {{ in_window('atm_event_count', 365) }} as atm_event_count_365d,
    {{ in_window('branch_event_count', 30) }} as branch_event_count_30d,
    {{ in_window('branch_event_count', 90) }} as branch_event_count_90d,
    {{ in_window('branch_event_count', 180) }} as branch_event_count_180d,
    {{ in_window('branch_event_count', 365) }} as branch_event_count_365d,
    {{ in_window('card_event_count', 30) }} as card_event_count_30d,
    {{ in_window('card_event_count', 90) }} as card_event_count_90d,
    {{ in_window('card_event_count', 180) }} as card_event_count_180d,
    {{ in_window('card_event_count', 365) }} as card_event_count_365d,
    {{ in_window('online_event_count', 30) }} as online_event_count_30d,
    {{ in_window('online_event_count', 90) }} as online_event_count_90d,
    {{ in_window('online_event_count', 180) }} as online_event_count_180d,
    {{ in_window('online_event_count', 365) }} as online_event_count_365d,
    {{ in_window('customer_event_count', 30) }} as customer_event_count_30d,
    {{ in_window('customer_event_count', 90) }} as customer_event_count_90d,
    {{ in_window('customer_event_count', 180) }} as customer_event_count_180d,
    {{ in_window('customer_event_count', 365) }} as customer_event_count_365d

{{ grid_with_movements([30, 90, 180, 365]) }}
