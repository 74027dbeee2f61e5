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

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

parts as (

    select
        snapshots.customer_id,
        snapshots.as_of_date,
        snapshots.tenure_days,
        {{ to_fen('balances.margin_amount_cny') }} as margin_amount_cny,
        {{ to_fen('spans.fee_amount_sum_365d_cny') }} as fee_amount_cny,
        {{ to_fen('balances.expected_loss_amount_cny') }} as expected_loss_amount_cny,
        {% for channel in ['atm', 'branch', 'card', 'online', 'phone'] %}
            cast(coalesce(spans.{{ channel }}_event_count_365d, 0) as integer)
            * cast(rules.cost_{{ channel }} as decimal(12, 4))
            {{- " +" if not loop.last }}
        {% endfor %}
            as cost_to_serve,
        {{ to_fen('balances.high_margin_balance_cny') }} as high_margin_balance_cny,
        {{ to_fen('balances.total_balance_cny') }} as total_balance_cny,
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
        parts.referral_count,
        cast(
            parts.total_balance_cny > 0
            and parts.high_margin_balance_cny
            >= parts.total_balance_cny
            * cast(rules.profitability_high_margin_share as decimal(6, 4))
            as integer
        )
        + cast(
            parts.customer_amount_count > 0
            and parts.customer_amount_cny
            >= parts.customer_amount_count
            * cast(
                rules.profitability_amount_per_transaction_cny as decimal(18, 4)
            )
            as integer
        )
        + cast(parts.tenure_days >= rules.profitability_relationship_days as integer)
        + cast(parts.referral_count >= rules.profitability_referral_count as integer)
            as profitability_parameter_count

    from parts

    inner join rules
        on parts.as_of_date = rules.as_of_date

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
    contributions.referral_count,
    contributions.profitability_parameter_count,
    ranked.contribution_rank,
    ranked.customer_count,
    case
        when
            contributions.contribution_cny
            < rules.profitability_negative_contribution_cny
            then 'negative'
        when
            contributions.profitability_parameter_count
            >= rules.profitability_high_parameter_count
            then 'high'
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

inner join ranked
    on contributions.customer_id = ranked.customer_id
    and contributions.as_of_date = ranked.as_of_date

inner join rules
    on contributions.as_of_date = rules.as_of_date
