with

registered as (

    select * from {{ ref('int_customers_registered') }}

),

scores as (

    select * from {{ ref('customer_scores') }}

),

newest_scores as (

    select *

    from scores

    qualify as_of_date = max(as_of_date) over ()

)

select
    registered.customer_id,
    registered.registered_date,
    registered.branch_id,
    registered.manager_id,
    registered.gender,
    registered.birth_year,
    registered.income_year,
    registered.annual_income_cny,
    registered.has_income_proof,
    registered.has_marketing_consent,
    registered.has_online_banking,
    registered.open_account_count,
    registered.deposit_balance_cny,
    registered.invested_balance_cny,
    registered.owed_balance_cny,
    registered.last_customer_event_date,
    registered.household_id,
    registered.net_assets_cny,
    registered.relationship_balance_cny,
    registered.relationship_balance_hkd,
    registered.tier,
    registered.pyramid_level,
    registered.loyalty_stage,
    registered.recommended_action,
    registered.contribution_cny,
    registered.profitability_group,
    registered.structure_class,
    registered.referral_count,
    registered.risk_tolerance,
    registered.preferred_channel,
    registered.satisfaction_gap_mean_365d,
    newest_scores.as_of_date as scored_date,
    newest_scores.churn_probability,
    newest_scores.best_product_family,
    newest_scores.open_probability,
    newest_scores.data_quality_grade

from registered

left join newest_scores
    on registered.customer_id = newest_scores.customer_id
