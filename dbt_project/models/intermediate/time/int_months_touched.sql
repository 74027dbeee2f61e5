{# A table: asked of each transaction. #}
{{ config(materialized='table') }}

with

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

),

relinked as (

    select * from {{ ref('int_events_relinked') }}

)

select month_date

from changed_deliveries

where month_date is not null

union distinct

select cast(date_trunc('month', occurred_date) as date) as month_date

from relinked
