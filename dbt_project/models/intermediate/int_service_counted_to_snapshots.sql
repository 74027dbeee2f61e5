{% set measures = [
    'complaint_count',
    'branch_wait_count',
    'branch_wait_seconds',
    'branch_wait_over_30_minutes_count',
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

leaving_180d as (

    {{ summed_by('customer_days', 'leaves_180d_as_of_date', measures) }}

)

select
    snapshot_grid.customer_id,
    snapshot_grid.as_of_date,
    {{ in_window('complaint_count', 180) }} as complaint_count_180d,
    {{ in_window('branch_wait_count', 180) }} as branch_wait_count_180d,
    {{ in_window('branch_wait_seconds', 180) }} as branch_wait_seconds_sum_180d,
    {{ in_window('branch_wait_over_30_minutes_count', 180) }}
        as branch_wait_over_30_minutes_count_180d

{{ grid_with_movements([180]) }}
