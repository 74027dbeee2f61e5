with

customer_months as (

    select * from {{ ref('customer_months') }}

),

latest as (

    select
        as_of_date,
        net_assets_cny,
        household_net_assets_cny,
        relationship_balance_hkd,
        is_high_by_subscription,
        is_high_by_income,
        pyramid_level,
        contribution_cny

    from customer_months

    where as_of_date = (select max(newest.as_of_date) from customer_months as newest)

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

scenario_factors as (

    {{ dated(ref('scenario_factors'), ['factor']) }}

),

lines as (

    select
        as_of_date,
        'private_net_assets_cny' as line_name,
        tier_private_net_assets_cny as threshold,
        is_at_least_tier_private_net_assets_cny as is_at_least
    from rules

    union all

    select
        as_of_date,
        'high_net_assets_cny' as line_name,
        tier_high_net_assets_cny as threshold,
        is_at_least_tier_high_net_assets_cny as is_at_least
    from rules

    union all

    select
        as_of_date,
        'pyramid_high_hkd' as line_name,
        pyramid_high as threshold,
        is_at_least_pyramid_high as is_at_least
    from rules

    union all

    select
        as_of_date,
        'pyramid_mid_hkd' as line_name,
        pyramid_mid as threshold,
        is_at_least_pyramid_mid as is_at_least
    from rules

),

scenarios as (

    select
        lines.as_of_date,
        lines.line_name,
        scenario_factors.factor,
        cast(lines.threshold as decimal(18, 2)) as threshold,
        cast(lines.threshold * scenario_factors.factor as decimal(18, 2))
            as moved_threshold,
        lines.is_at_least

    from lines

    inner join scenario_factors
        on {{ in_force_at('scenario_factors', 'lines') }}

),

-- What decides at each line, and whether another rule puts the customer above it.
amounts as (

    select
        as_of_date,
        'private_net_assets_cny' as line_name,
        net_assets_cny as amount,
        false as is_above_anyway,
        contribution_cny
    from latest

    union all

    select
        as_of_date,
        'high_net_assets_cny' as line_name,
        greatest(net_assets_cny, household_net_assets_cny) as amount,
        is_high_by_subscription or is_high_by_income as is_above_anyway,
        contribution_cny
    from latest

    union all

    select
        latest.as_of_date,
        hkd_lines.line_name,
        latest.relationship_balance_hkd as amount,
        latest.pyramid_level = 'inactive' as is_above_anyway,
        latest.contribution_cny
    from latest
    cross join
        (values ('pyramid_high_hkd'), ('pyramid_mid_hkd')) as hkd_lines (line_name)

),

judged as (

    select
        scenarios.as_of_date,
        scenarios.line_name,
        scenarios.factor,
        scenarios.threshold,
        scenarios.moved_threshold,
        amounts.contribution_cny,
        amounts.is_above_anyway
        or amounts.amount > scenarios.threshold
        or (scenarios.is_at_least and amounts.amount = scenarios.threshold)
            as is_above_now,
        amounts.is_above_anyway
        or amounts.amount > scenarios.moved_threshold
        or (scenarios.is_at_least and amounts.amount = scenarios.moved_threshold)
            as is_above_then

    from scenarios

    inner join amounts
        on scenarios.as_of_date = amounts.as_of_date
        and scenarios.line_name = amounts.line_name

)

select
    as_of_date,
    line_name,
    factor,
    threshold,
    moved_threshold,
    cast(count(*) filter (where is_above_then and not is_above_now) as integer)
        as customers_moved_up_count,
    cast(count(*) filter (where is_above_now and not is_above_then) as integer)
        as customers_moved_down_count,
    cast(
        coalesce(
            sum(contribution_cny) filter (where is_above_then != is_above_now), 0
        ) as decimal(18, 2)
    ) as contribution_moved_cny

from judged

group by as_of_date, line_name, factor, threshold, moved_threshold
