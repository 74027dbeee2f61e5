{# A table: the rules of the bank, read by all that steers by them. #}
{{ config(materialized='table') }}
{% set incomes = [
    'annual_income_cny',
    'annual_income_one_year_before_cny',
    'annual_income_two_years_before_cny',
] %}
{% set household_incomes = [
    'household_income_cny',
    'household_income_one_year_before_cny',
    'household_income_two_years_before_cny',
] %}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

balances as (

    select * from {{ ref('int_balances_summed_to_snapshots') }}

),

households as (

    select * from {{ ref('int_households_found_to_snapshots') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_summed_to_snapshots') }}

),

rules as (

    select
        as_of_date,
        tier_income_statement_age_years as income_statement_age_years,
        {% for rule in [
            'private_net_assets_cny',
            'high_wealth_subscription_cny',
            'high_net_assets_cny',
            'high_personal_income_cny',
            'high_household_income_cny',
        ] %}
        tier_{{ rule }} as {{ rule }},
        is_at_least_tier_{{ rule }} as is_at_least_{{ rule }}
        {{- "," if not loop.last }}
    {% endfor %}

    from {{ ref('int_rules_found_to_snapshots') }}

),

-- The bank's own books prove what is on them; what is earned needs a proof.
facts as (

    select
        snapshots.customer_id,
        snapshots.as_of_date,
        households.household_id,
        households.household_member_count,
        {{ to_fen('balances.total_balance_cny') }}
        - {{ to_fen('balances.owed_balance_cny') }} as net_assets_cny,
        {{ to_fen('balances.total_balance_cny') }} as relationship_balance_cny,
        subscriptions.largest_wealth_subscription_cny,
        snapshots.has_income_proof = 1
        and snapshots.income_year
        >= extract(year from snapshots.as_of_date) - rules.income_statement_age_years
            as is_income_proved,
        snapshots.stated_income_cny as annual_income_cny,
        snapshots.stated_income_one_year_before_cny
            as annual_income_one_year_before_cny,
        snapshots.stated_income_two_years_before_cny
            as annual_income_two_years_before_cny

    from snapshots

    inner join rules
        on snapshots.as_of_date = rules.as_of_date

    left join balances
        on snapshots.customer_id = balances.customer_id
        and snapshots.as_of_date = balances.as_of_date

    left join households
        on snapshots.customer_id = households.customer_id
        and snapshots.as_of_date = households.as_of_date

    left join subscriptions
        on snapshots.customer_id = subscriptions.customer_id
        and snapshots.as_of_date = subscriptions.as_of_date

),

facts_with_household as (

    select
        customer_id,
        as_of_date,
        household_id,
        household_member_count,
        net_assets_cny,
        relationship_balance_cny,
        largest_wealth_subscription_cny,
        is_income_proved,
        {{ incomes | join(',\n        ') }},
        sum(net_assets_cny) over of_household as household_net_assets_cny,
    {% for income in incomes %}
        sum(case when is_income_proved then {{ income }} end) over of_household
            as {{ household_incomes[loop.index0] }}{{ "," if not loop.last }}
    {% endfor %}

    from facts

    window of_household as (partition by as_of_date, household_id)

),

judged as (

    select
        facts.customer_id,
        facts.as_of_date,
        facts.household_id,
        facts.household_member_count,
        facts.net_assets_cny,
        facts.household_net_assets_cny,
        facts.relationship_balance_cny,
        {{ reaches('facts.net_assets_cny', 'private_net_assets_cny', 'rules') }}
            as is_private_by_net_assets,
        {{ reaches(
            'facts.largest_wealth_subscription_cny',
            'high_wealth_subscription_cny',
            'rules',
        ) }} as is_high_by_subscription,
        {{ reaches('facts.net_assets_cny', 'high_net_assets_cny', 'rules') }}
        or {{ reaches(
            'facts.household_net_assets_cny', 'high_net_assets_cny', 'rules'
        ) }} as is_high_by_net_assets,
        coalesce(facts.is_income_proved, false)
        and {{ reaches_each_year(incomes, 'high_personal_income_cny', 'rules') }}
            as is_high_by_personal_income,
        {{ reaches_each_year(household_incomes, 'high_household_income_cny', 'rules') }}
            as is_high_by_household_income

    from facts_with_household as facts

    inner join rules
        on facts.as_of_date = rules.as_of_date

)

select
    customer_id,
    as_of_date,
    household_id,
    household_member_count,
    net_assets_cny,
    household_net_assets_cny,
    relationship_balance_cny,
    is_private_by_net_assets,
    is_high_by_subscription,
    is_high_by_net_assets,
    is_high_by_personal_income or is_high_by_household_income as is_high_by_income,
    case
        when is_private_by_net_assets then 'private'
        when
            is_high_by_subscription
            or is_high_by_net_assets
            or is_high_by_personal_income
            or is_high_by_household_income
            then 'high_net_worth'
        else 'general'
    end as tier

from judged
