{{ config(**kept_by_month()) }}

with

transactions as (

    select * from {{ ref('transactions') }}

),

months_touched as (

    select * from {{ ref('int_months_touched') }}

)

select
    cast(date_trunc('month', occurred_at) as date) as month_date,
    channel,
    coalesce(branch_id, 'all') as branch_id,
    cast(count(*) as integer) as customer_event_count,
    cast(count(distinct customer_id) as integer) as customer_count,
    cast(count(*) as double)
    / sum(count(*)) over (partition by date_trunc('month', occurred_at))
        as event_share,
    cast(count(branch_wait_minutes) as integer) as branch_wait_count,
    {{ mean_wait_minutes('branch_wait_minutes') }} as branch_wait_minutes_mean,
    cast(count(*) filter (where branch_wait_minutes > 30) as integer)
        as branch_wait_over_30_minutes_count,
    cast(count(*) filter (where branch_wait_minutes > 30) as double)
    / nullif(count(branch_wait_minutes), 0) as branch_wait_over_30_minutes_share,
    cast(count(*) filter (where event_type = 'complaint') as integer)
        as complaint_count

from transactions

where
    initiative = 'customer'
    {% if is_kept() %}
        and date_trunc('month', occurred_at) in (
            select months_touched.month_date from months_touched
        )
    {% endif %}

group by
    cast(date_trunc('month', occurred_at) as date),
    date_trunc('month', occurred_at),
    channel,
    coalesce(branch_id, 'all')
