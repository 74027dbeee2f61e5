{# A table: one row per snapshot, read by all that is ruled. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select as_of_date from {{ ref('int_as_of_dates') }}

    union distinct

    -- As the outcome ends, customers are judged again.
    select {{ add_days('as_of_date', days_until_known('growth')) }} as as_of_date
    from {{ ref('int_as_of_dates') }}

),

tier_thresholds as (

    {{ dated(ref('tier_thresholds'), ['rule']) }}

),

pyramid_levels as (

    {{ dated(ref('pyramid_levels'), ['pyramid_level']) }}

),

loyalty_rules as (

    {{ dated(ref('loyalty_rules'), ['rule']) }}

),

profitability_parameters as (

    {{ dated(ref('profitability_parameters'), ['parameter']) }}

),

structure_classes as (

    {{ dated(ref('structure_classes'), ['structure_class']) }}

),

channel_costs as (

    {{ dated(ref('channel_costs'), ['channel']) }}

),

exchange_rates as (

    {{ dated(ref('exchange_rates'), ['currency_code']) }}

),

stated as (

    select
        'tier ' || rule as rule_name,
        comparison,
        cast(threshold as decimal(22, 6)) as threshold,
        valid_from,
        valid_to
    from tier_thresholds

    union all

    select
        'pyramid ' || pyramid_level as rule_name,
        comparison,
        threshold_hkd as threshold,
        valid_from,
        valid_to
    from pyramid_levels

    union all

    select
        'loyalty ' || rule as rule_name,
        'at_least' as comparison,
        threshold,
        valid_from,
        valid_to
    from loyalty_rules

    union all

    select
        'profitability high ' || parameter as rule_name,
        'at_least' as comparison,
        high_from as threshold,
        valid_from,
        valid_to
    from profitability_parameters

    union all

    select
        'profitability negative ' || parameter as rule_name,
        'less_than' as comparison,
        negative_below as threshold,
        valid_from,
        valid_to
    from profitability_parameters

    union all

    select
        'structure ' || structure_class as rule_name,
        'at_most' as comparison,
        customer_share as threshold,
        valid_from,
        valid_to
    from structure_classes

    union all

    select
        'cost ' || channel as rule_name,
        'equal' as comparison,
        cost_per_event_cny as threshold,
        valid_from,
        valid_to
    from channel_costs

    union all

    select
        'rate ' || currency_code as rule_name,
        'equal' as comparison,
        rate_to_cny as threshold,
        valid_from,
        valid_to
    from exchange_rates

),

in_force as (

    select
        as_of_dates.as_of_date,
        stated.rule_name,
        stated.comparison,
        stated.threshold

    from as_of_dates

    inner join stated
        on {{ in_force_at('stated', 'as_of_dates') }}

)

select
    as_of_date,
{% for rule in [
    'tier private_net_assets_cny',
    'tier high_wealth_subscription_cny',
    'tier high_net_assets_cny',
    'tier high_personal_income_cny',
    'tier high_household_income_cny',
    'pyramid top',
    'pyramid high',
    'pyramid mid',
] %}
        {{ threshold_of(rule, 'threshold', 'rule_name') }}
            as {{ rule | replace(' ', '_') }},
        {{ is_at_least(rule, 'comparison', 'rule_name') }}
            as is_at_least_{{ rule | replace(' ', '_') }},
    {% endfor %}
{% for rule in [
    'tier income_statement_age_years',
    'tier household_address_members',
    'loyalty repeat_event_count',
    'loyalty advocate_family_count',
    'loyalty advocate_referral_count',
    'loyalty established_days',
    'loyalty dormant_days',
    'loyalty inactive_days',
    'profitability high high_margin_product_count',
    'profitability high amount_per_transaction_cny',
    'profitability high relationship_days',
    'profitability high referral_count',
    'profitability negative high_margin_product_count',
    'profitability negative amount_per_transaction_cny',
    'profitability negative relationship_days',
    'profitability negative referral_count',
    'structure key',
    'structure ordinary',
    'cost atm',
    'cost branch',
    'cost card',
    'cost online',
    'cost phone',
    'rate HKD',
] %}
    {{ threshold_of(rule, 'threshold', 'rule_name') }}
        as {{ rule | replace(' ', '_') | lower }}
    {{- "," if not loop.last }}
{% endfor %}

from in_force

group by as_of_date
