with

accounts as (

    select * from {{ ref('int_accounts_resolved') }}

),

registrations as (

    select * from {{ ref('int_registrations_resolved') }}

),

cards as (

    select
        card_id as identifier,
        customer_id,
        account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from accounts

    where card_id is not null

),

owned_accounts as (

    select
        account_id as identifier,
        customer_id,
        account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from accounts

    where role = 'owner'

),

logins as (

    select
        login_id as identifier,
        customer_id,
        cast(null as {{ dbt.type_string() }}) as account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from registrations

    where login_id is not null

),

customers as (

    select
        registered_customer_id as identifier,
        customer_id,
        cast(null as {{ dbt.type_string() }}) as account_id,
        changed_date,
        delivery_id,
        known_at,
        superseded_at

    from registrations

),

-- Pseudonyms of different kinds never meet, so one column holds all of them.
links as (

    select * from cards
    union all
    select * from owned_accounts
    union all
    select * from logins
    union all
    select * from customers

)

-- A register's row is true from a day on, so it is not known before that day is over.
select
    identifier,
    customer_id,
    account_id,
    changed_date,
    delivery_id,
    greatest(known_at, cast(changed_date as timestamp) + interval 1 day) as known_at,
    superseded_at

from links
