{# A table: small, and read once per snapshot and per balance. #}
{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('int_accounts_resolved') }}

),

products as (

    {{ dated(ref('product_families'), ['product_code']) }}

),

-- An account is its owner's. A joint holder shows in the links of cards and logins.
owned_accounts as (

    select
        account_id,
        customer_id,
        product_code,
        currency_code,
        opened_date,
        case
            when status = 'closed' then coalesce(closed_date, changed_date)
            else coalesce(closed_date, {{ never() }})
        end as closed_date,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from accounts

    where role = 'owner'

),

versions as (

    {{ versions('owned_accounts', 'account_id', [
        'customer_id',
        'product_code',
        'currency_code',
        'opened_date',
        'closed_date',
    ]) }}

)

select
    versions.account_id,
    versions.customer_id,
    versions.product_code,
    {{ or_unknown('products.product_family') }} as product_family,
    versions.currency_code,
    versions.opened_date,
    versions.closed_date,
    versions.valid_from,
    versions.valid_to,
    versions.known_at,
    versions.superseded_at

from versions

left join products
    on versions.product_code = products.product_code
    and versions.opened_date >= products.valid_from
    and versions.opened_date < products.valid_to
