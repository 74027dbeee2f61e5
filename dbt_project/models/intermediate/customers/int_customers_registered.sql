{# A table: it is judged before anybody is mined or scored. #}
{{ config(materialized='table') }}

with

registrations as (

    select * from {{ ref('int_customer_versions') }}

),

accounts as (

    select * from {{ ref('int_accounts_valued') }}

),

spans as (

    select * from {{ ref('int_events_summed_to_spans') }}

),

latest_months as (

    select * from {{ ref('int_customers_judged_today') }}

),

current_registrations as (

    select
        customer_id,
        registered_date,
        branch_id,
        manager_id,
        coalesce(gender, 'unknown') as gender,
        cast(extract(year from birth_date) as integer) as birth_year,
        income_year,
        annual_income_cny,
        coalesce(has_income_proof, false) as has_income_proof,
        coalesce(has_marketing_consent, false) as has_marketing_consent,
        login_id is not null as has_online_banking

    from registrations

    where
        superseded_at is null
        and valid_to = {{ never() }}

),

accounts_summed as (

    select
        customer_id,
        count(*) as open_account_count,
        sum(balance_cny) filter (
            where {{ is_held_as('deposit', 'product_family') }}
        ) as deposit_balance_cny,
        sum(balance_cny) filter (
            where {{ is_held_as('invested', 'product_family') }}
        ) as invested_balance_cny,
        sum(balance_cny) filter (
            where product_family = 'unknown' and balance_cny >= 0
        ) as unknown_balance_cny,
        -sum(balance_cny) filter (
            where {{ is_owed('product_family', 'balance_cny') }}
        ) as owed_balance_cny

    from accounts

    where is_open

    group by all

),

last_events as (

    select
        customer_id,
        max(last_customer_event_date) as last_customer_event_date

    from spans

    where is_current

    group by all

)

select
    registrations.customer_id,
    registrations.registered_date,
    registrations.branch_id,
    registrations.manager_id,
    registrations.gender,
    registrations.birth_year,
    registrations.income_year,
    registrations.annual_income_cny,
    registrations.has_income_proof,
    registrations.has_marketing_consent,
    registrations.has_online_banking,
    cast(coalesce(accounts_summed.open_account_count, 0) as integer)
        as open_account_count,
    cast(coalesce(accounts_summed.deposit_balance_cny, 0) as decimal(18, 2))
        as deposit_balance_cny,
    cast(coalesce(accounts_summed.invested_balance_cny, 0) as decimal(18, 2))
        as invested_balance_cny,
    cast(coalesce(accounts_summed.unknown_balance_cny, 0) as decimal(18, 2))
        as unknown_balance_cny,
    cast(greatest(coalesce(accounts_summed.owed_balance_cny, 0), 0) as decimal(18, 2))
        as owed_balance_cny,
    last_events.last_customer_event_date,
    latest_months.household_id,
    latest_months.net_assets_cny,
    latest_months.relationship_balance_cny,
    latest_months.relationship_balance_hkd,
    latest_months.tier,
    latest_months.pyramid_level,
    latest_months.loyalty_stage,
    latest_months.recommended_action,
    latest_months.recommended_action_zh,
    latest_months.contribution_cny,
    latest_months.profitability_group,
    latest_months.structure_class,
    latest_months.class_action,
    latest_months.class_action_zh,
    latest_months.referral_count,
    latest_months.risk_tolerance,
    latest_months.preferred_channel,
    latest_months.financial_knowledge,
    latest_months.life_value,
    latest_months.satisfaction_gap_mean_365d

from current_registrations as registrations

left join accounts_summed
    on registrations.customer_id = accounts_summed.customer_id

left join last_events
    on registrations.customer_id = last_events.customer_id

left join latest_months
    on registrations.customer_id = latest_months.customer_id
