{{ config(**kept_by_snapshot()) }}

with

features as (

    select * from {{ ref('customer_features') }}

),

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

tiers as (

    select * from {{ ref('int_tiers_judged_to_snapshots') }}

),

stages as (

    select * from {{ ref('int_stages_judged_to_snapshots') }}

),

contributions as (

    select * from {{ ref('int_contributions_summed_to_snapshots') }}

)

select
    snapshots.customer_id,
    snapshots.as_of_date,
    {{ add_days('snapshots.as_of_date', -1) }} as last_day_date,
    snapshots.branch_id,
    snapshots.manager_id,
    tiers.household_id,
    cast(tiers.household_member_count as integer) as household_member_count,
    {{ to_fen('features.deposit_balance_cny') }} as deposit_balance_cny,
    {{ to_fen('features.invested_balance_cny') }} as invested_balance_cny,
    {{ to_fen('features.owed_balance_cny') }} as owed_balance_cny,
    cast(tiers.net_assets_cny as decimal(18, 2)) as net_assets_cny,
    cast(tiers.household_net_assets_cny as decimal(18, 2)) as household_net_assets_cny,
    tiers.relationship_balance_cny,
    stages.relationship_balance_hkd,
    cast(features.open_account_count as integer) as open_account_count,
    cast(features.held_family_count as integer) as held_family_count,
    cast(features.customer_event_count_30d as integer) as customer_event_count_30d,
    cast(features.atm_event_count_30d as integer) as atm_event_count_30d,
    cast(features.branch_event_count_30d as integer) as branch_event_count_30d,
    cast(features.card_event_count_30d as integer) as card_event_count_30d,
    cast(features.online_event_count_30d as integer) as online_event_count_30d,
    cast(features.phone_event_count_30d as integer) as phone_event_count_30d,
    cast(features.days_since_customer_event as integer) as days_since_customer_event,
    cast(stages.customer_event_count as integer) as customer_event_count,
    cast(stages.unused_days as integer) as unused_days,
    tiers.tier,
    tiers.is_high_by_subscription,
    tiers.is_high_by_net_assets,
    tiers.is_high_by_income,
    stages.pyramid_level,
    stages.loyalty_stage,
    contributions.margin_amount_cny,
    contributions.fee_amount_cny,
    contributions.cost_to_serve_cny,
    contributions.expected_loss_amount_cny,
    cast(contributions.contribution_cny as decimal(18, 2)) as contribution_cny,
    contributions.high_margin_product_count,
    contributions.amount_per_transaction_cny,
    contributions.relationship_days,
    cast(contributions.referral_count as integer) as referral_count,
    contributions.has_many_high_margin_products,
    contributions.has_large_amounts,
    contributions.has_long_relationship,
    contributions.has_many_referrals,
    contributions.profitability_group,
    cast(contributions.contribution_rank as integer) as contribution_rank,
    contributions.structure_class

from snapshots

inner join features
    on snapshots.customer_id = features.customer_id
    and snapshots.as_of_date = features.as_of_date

inner join tiers
    on snapshots.customer_id = tiers.customer_id
    and snapshots.as_of_date = tiers.as_of_date

inner join stages
    on snapshots.customer_id = stages.customer_id
    and snapshots.as_of_date = stages.as_of_date

inner join contributions
    on snapshots.customer_id = contributions.customer_id
    and snapshots.as_of_date = contributions.as_of_date
