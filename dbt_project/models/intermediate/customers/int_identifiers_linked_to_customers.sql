{# A table: every event looks its customer up here. #}
{{ config(materialized='table') }}

with

links as (

    select * from {{ ref('int_links_united') }}

),

links_with_previous as (

    select
        identifier,
        customer_id,
        account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at,
        lag(customer_id) over in_order as previous_customer_id,
        lag(account_id) over in_order as previous_account_id,
        lag(known_at) over in_order as previous_known_at,
        lag(superseded_at) over in_order as previous_superseded_at

    from links

    window in_order as (
        partition by identifier
        order by
            changed_date asc nulls last,
            known_at asc nulls last,
            delivery_id asc nulls last,
            customer_id desc nulls last,
            account_id desc nulls last
    )

),

-- Most rows of a register say of a link what the row before said. Left in, each would
-- double the events that are looked up here.
new_links as (

    select
        identifier,
        customer_id,
        account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from links_with_previous

    where
        previous_customer_id is distinct from customer_id
        or previous_account_id is distinct from account_id
        or previous_known_at > known_at
        or previous_superseded_at is not null

),

versions as (

    {{ versions('new_links', 'identifier', ['customer_id', 'account_id']) }}

)

-- What happened before the first row of a register belongs to whom that row names.
select
    identifier,
    customer_id,
    account_id,
    case
        when valid_from = min(valid_from) over (partition by identifier, known_at)
            then {{ always() }}
        else valid_from
    end as valid_from,
    valid_to,
    known_at,
    superseded_at

from versions
