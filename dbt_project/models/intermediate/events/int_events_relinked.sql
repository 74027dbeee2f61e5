{# A table: transactions read it, and the months in which they happened. #}
{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('int_events_valued') }}

),

links_touched as (

    select * from {{ ref('int_links_touched') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

)

select
    transaction_id,
    channel,
    event_type,
    initiative,
    identifier,
    account_id,
    branch_id,
    occurred_date,
    occurred_at,
    amount,
    currency_code,
    amount_cny,
    wait_seconds,
    known_at,
    superseded_at,
    delivery_id

from events

where
    superseded_at is null
    and identifier in (select links_touched.identifier from links_touched)
    and delivery_id not in (
        select changed_deliveries.delivery_id from changed_deliveries
    )
