with

accounts as (

    select * from {{ ref('stg_core_accounts__accounts') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

accounts_resolved as (

    {{ resolved('accounts', 'identities', [
        'account_id',
        'card_id',
        'delivery_id',
        'role',
        'product_code',
        'currency_code',
        'status',
        'changed_date',
        'opened_date',
        'closed_date',
    ]) }}

)

select
    account_id,
    customer_id,
    registered_customer_id,
    card_id,
    delivery_id,
    role,
    product_code,
    currency_code,
    status,
    changed_date,
    opened_date,
    closed_date,
    known_at,
    superseded_at

from accounts_resolved
