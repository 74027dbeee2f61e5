with

accounts as (

    select * from {{ ref('int_accounts_resolved') }}

),

joint_holdings as (

    select
        account_id || ' ' || customer_id as holding_id,
        account_id,
        customer_id,
        status = 'open' as is_open,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from accounts

    where role = 'joint'

),

versions as (

    {{ versions('joint_holdings', 'holding_id', [
        'account_id',
        'customer_id',
        'is_open',
    ]) }}

)

select
    holding_id,
    account_id,
    customer_id,
    is_open,
    valid_from,
    valid_to,
    known_at,
    superseded_at

from versions
