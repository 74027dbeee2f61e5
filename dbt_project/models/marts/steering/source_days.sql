with

source_days as (

    select * from {{ ref('stg_ops__source_days') }}

)

select
    source,
    business_date,
    first_covered_date,
    due_date,
    state,
    is_missing,
    known_at,
    delivery_id,
    rows_delivered,
    rows_quarantined,
    cast(rows_quarantined as double) / nullif(rows_delivered, 0) as quarantined_share

from source_days
