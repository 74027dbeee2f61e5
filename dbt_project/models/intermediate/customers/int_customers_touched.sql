{# A table: asked of each row of labels. #}
{{ config(materialized='table') }}

with

account_versions as (

    select * from {{ ref('int_account_versions') }}

),

links as (

    select * from {{ ref('int_identifiers_linked_to_customers') }}

),

links_touched as (

    select * from {{ ref('int_links_touched') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

),

accounts_touched as (

    select account_id

    from account_versions

    where
        coalesce(superseded_at, known_at) >= (
            select min(changed_deliveries.known_from)
            from changed_deliveries
            where changed_deliveries.source in ('core_accounts', 'identities')
        )

)

-- Whoever has it now, and whoever had it before.
select customer_id
from account_versions
where account_id in (select accounts_touched.account_id from accounts_touched)

union distinct

select customer_id
from links
where identifier in (select links_touched.identifier from links_touched)
