with

atm_events as (

    select * from {{ ref('stg_atm__events') }}

),

branch_visits as (

    select * from {{ ref('stg_branch__visits') }}

),

card_postings as (

    select * from {{ ref('stg_card__postings') }}

),

online_events as (

    select * from {{ ref('stg_online__events') }}

),

phone_contacts as (

    select * from {{ ref('stg_phone__contacts') }}

),

core_postings as (

    select * from {{ ref('stg_core_postings__postings') }}

),

-- A card or a login says who acted. Where there is neither, it was the account's owner.
atm as (

    select
        transaction_id,
        'atm' as source_name,
        event_type,
        card_id as identifier,
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        occurred_at,
        amount,
        currency_code,
        cast(null as bigint) as wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from atm_events

),

branch as (

    select
        transaction_id,
        'branch' as source_name,
        event_type,
        coalesce(customer_id, account_id) as identifier,
        account_id,
        branch_id,
        occurred_at,
        amount,
        currency_code,
        wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from branch_visits

),

card as (

    select
        transaction_id,
        'card' as source_name,
        event_type,
        coalesce(card_id, account_id) as identifier,
        account_id,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        occurred_at,
        amount,
        currency_code,
        cast(null as bigint) as wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from card_postings

),

online as (

    select
        transaction_id,
        'online' as source_name,
        event_type,
        coalesce(login_id, account_id) as identifier,
        account_id,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        occurred_at,
        amount,
        currency_code,
        cast(null as bigint) as wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from online_events

),

-- Whoever was not verified is known by the telephone number at best.
phone as (

    select
        transaction_id,
        'phone' as source_name,
        event_type,
        coalesce(customer_id, phone_id) as identifier,
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        occurred_at,
        cast(null as decimal(18, 2)) as amount,
        cast(null as {{ dbt.type_string() }}) as currency_code,
        cast(null as bigint) as wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from phone_contacts

),

ledger as (

    select
        transaction_id,
        'core_postings' as source_name,
        event_type,
        account_id as identifier,
        account_id,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        occurred_at,
        amount,
        currency_code,
        cast(null as bigint) as wait_seconds,
        known_at,
        superseded_at,
        delivery_id

    from core_postings

)

select * from atm
union all
select * from branch
union all
select * from card
union all
select * from online
union all
select * from phone
union all
select * from ledger
