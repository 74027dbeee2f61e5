with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

tiers as (

    select * from {{ ref('int_tiers_judged_to_snapshots') }}

),

stages as (

    select * from {{ ref('int_stages_judged_to_snapshots') }}

),

contributions as (

    select * from {{ ref('int_contributions_summed_to_snapshots') }}

),

answers as (

    select * from {{ ref('int_answers_found_to_snapshots') }}

),

loyalty_stages as (

    {{ dated(ref('loyalty_stages'), ['loyalty_stage']) }}

),

structure_classes as (

    {{ dated(ref('structure_classes'), ['structure_class']) }}

)

select
    tiers.customer_id,
    tiers.household_id,
    cast(tiers.net_assets_cny as decimal(18, 2)) as net_assets_cny,
    tiers.relationship_balance_cny,
    stages.relationship_balance_hkd,
    tiers.tier,
    stages.pyramid_level,
    stages.loyalty_stage,
    loyalty_stages.recommended_action,
    loyalty_stages.recommended_action_zh,
    cast(contributions.contribution_cny as decimal(18, 2)) as contribution_cny,
    contributions.profitability_group,
    contributions.structure_class,
    structure_classes.recommended_action as class_action,
    structure_classes.recommended_action_zh as class_action_zh,
    cast(contributions.referral_count as integer) as referral_count,
    answers.risk_tolerance,
    answers.preferred_channel,
    answers.financial_knowledge,
    answers.life_value,
    answers.satisfaction_gap_mean_365d

from as_of_dates

inner join tiers
    on as_of_dates.as_of_date = tiers.as_of_date

inner join stages
    on tiers.customer_id = stages.customer_id
    and tiers.as_of_date = stages.as_of_date

inner join contributions
    on tiers.customer_id = contributions.customer_id
    and tiers.as_of_date = contributions.as_of_date

inner join loyalty_stages
    on stages.loyalty_stage = loyalty_stages.loyalty_stage
    and {{ in_force_at('loyalty_stages', 'as_of_dates') }}

inner join structure_classes
    on contributions.structure_class = structure_classes.structure_class
    and {{ in_force_at('structure_classes', 'as_of_dates') }}

left join answers
    on tiers.customer_id = answers.customer_id
    and tiers.as_of_date = answers.as_of_date

where as_of_dates.is_scoring_date
