{# A table: profit is ranked over all customers, and read by many. #}
{{ config(materialized='table') }}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

balances as (

    select * from {{ ref('int_balances_summed_to_snapshots') }}

),

spans as (

    select * from {{ ref('int_spans_summed_to_snapshots') }}

),

referrals as (

    select * from {{ ref('int_referrals_counted_to_snapshots') }}

),

stages as (

    select * from {{ ref('int_stages_judged_to_snapshots') }}

),

pyramid_levels as (

    {{ dated(ref('pyramid_levels'), ['pyramid_level']) }}

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

parts as (

    select
        snapshots.customer_id,
        snapshots.as_of_date,
        snapshots.tenure_days as relationship_days,
        {{ to_fen('balances.margin_amount_cny') }} as margin_amount_cny,
        {{ to_fen('spans.fee_amount_sum_365d_cny') }} as fee_amount_cny,
        {{ to_fen('balances.expected_loss_amount_cny') }} as expected_loss_amount_cny,
        {% for channel in ['atm', 'branch', 'card', 'online', 'phone'] %}
            cast(coalesce(spans.{{ channel }}_event_count_365d, 0) as integer)
            * cast(rules.cost_{{ channel }} as decimal(12, 4))
            {{- " +" if not loop.last }}
        {% endfor %}
            as cost_to_serve,
        cast(coalesce(balances.high_margin_product_count, 0) as integer)
            as high_margin_product_count,
        {{ to_fen('spans.customer_amount_sum_365d_cny') }} as customer_amount_cny,
        cast(coalesce(spans.customer_amount_count_365d, 0) as integer)
            as customer_amount_count,
        coalesce(referrals.referral_count, 0) as referral_count

    from snapshots

    inner join rules
        on snapshots.as_of_date = rules.as_of_date

    left join balances
        on snapshots.customer_id = balances.customer_id
        and snapshots.as_of_date = balances.as_of_date

    left join spans
        on snapshots.customer_id = spans.customer_id
        and snapshots.as_of_date = spans.as_of_date

    left join referrals
        on snapshots.customer_id = referrals.customer_id
        and snapshots.as_of_date = referrals.as_of_date

),

contributions as (

    select
        parts.customer_id,
        parts.as_of_date,
        parts.margin_amount_cny,
        parts.fee_amount_cny,
        cast(parts.cost_to_serve as decimal(18, 2)) as cost_to_serve_cny,
        parts.expected_loss_amount_cny,
        parts.margin_amount_cny
        + parts.fee_amount_cny
        - cast(parts.cost_to_serve as decimal(18, 2))
        - parts.expected_loss_amount_cny as contribution_cny,
        parts.high_margin_product_count,
        parts.customer_amount_cny,
        parts.customer_amount_count,
        -- Null where none was seen: that is not a small amount.
        cast(
            parts.customer_amount_cny / nullif(parts.customer_amount_count, 0)
            as decimal(18, 2)
        ) as amount_per_transaction_cny,
        cast(parts.relationship_days as integer) as relationship_days,
        parts.referral_count

    from parts

),

-- All conditions together make a group; what meets neither all of high nor all of
-- negative is ordinary.
reached as (

    select
        contributions.customer_id,
        contributions.as_of_date,
        pyramid_levels.profitability_group as group_of_level,
        contributions.high_margin_product_count
        >= rules.profitability_high_high_margin_product_count
            as has_many_high_margin_products,
        contributions.customer_amount_count > 0
        and contributions.customer_amount_cny
        >= contributions.customer_amount_count
        * cast(
            rules.profitability_high_amount_per_transaction_cny as decimal(18, 4)
        ) as has_large_amounts,
        contributions.relationship_days >= rules.profitability_high_relationship_days
            as has_long_relationship,
        contributions.referral_count >= rules.profitability_high_referral_count
            as has_many_referrals,
        contributions.high_margin_product_count
        < rules.profitability_negative_high_margin_product_count
        and contributions.customer_amount_count > 0
        and contributions.customer_amount_cny
        < contributions.customer_amount_count
        * cast(
            rules.profitability_negative_amount_per_transaction_cny as decimal(18, 4)
        )
        and contributions.relationship_days
        < rules.profitability_negative_relationship_days
        and contributions.referral_count
        < rules.profitability_negative_referral_count as is_below_all

    from contributions

    inner join stages
        on contributions.customer_id = stages.customer_id
        and contributions.as_of_date = stages.as_of_date

    inner join pyramid_levels
        on stages.pyramid_level = pyramid_levels.pyramid_level
        and {{ in_force_at('pyramid_levels', 'stages') }}

    inner join rules
        on contributions.as_of_date = rules.as_of_date

),

ranked as (

    select
        customer_id,
        as_of_date,
        row_number() over (
            partition by as_of_date
            order by contribution_cny desc nulls last, customer_id asc nulls last
        ) as contribution_rank,
        count(*) over (partition by as_of_date) as customer_count

    from contributions

)

select
    contributions.customer_id,
    contributions.as_of_date,
    contributions.margin_amount_cny,
    contributions.fee_amount_cny,
    contributions.cost_to_serve_cny,
    contributions.expected_loss_amount_cny,
    contributions.contribution_cny,
    contributions.high_margin_product_count,
    contributions.amount_per_transaction_cny,
    contributions.relationship_days,
    contributions.referral_count,
    reached.has_many_high_margin_products,
    reached.has_large_amounts,
    reached.has_long_relationship,
    reached.has_many_referrals,
    ranked.contribution_rank,
    ranked.customer_count,
    case
        when
            reached.group_of_level = 'high'
            and reached.has_many_high_margin_products
            and reached.has_large_amounts
            and reached.has_long_relationship
            and reached.has_many_referrals
            then 'high'
        when reached.group_of_level = 'negative' and reached.is_below_all
            then 'negative'
        else 'ordinary'
    end as profitability_group,
    case
        when
            ranked.contribution_rank
            <= ranked.customer_count * cast(rules.structure_key as decimal(5, 4))
            then 'key'
        when
            ranked.contribution_rank
            <= ranked.customer_count
            * cast(rules.structure_key + rules.structure_ordinary as decimal(5, 4))
            then 'ordinary'
        else 'possible'
    end as structure_class

from contributions

inner join reached
    on contributions.customer_id = reached.customer_id
    and contributions.as_of_date = reached.as_of_date

inner join ranked
    on contributions.customer_id = ranked.customer_id
    and contributions.as_of_date = ranked.as_of_date

inner join rules
    on contributions.as_of_date = rules.as_of_date
