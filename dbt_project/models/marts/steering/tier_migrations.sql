{{ config(**kept_by_snapshot()) }}

with

customer_months as (

    select * from {{ ref('customer_months') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

dates_with_previous as (

    select
        as_of_date,
        is_touched,
        lag(as_of_date) over (order by as_of_date asc nulls last) as previous_as_of_date

    from as_of_dates

),

steps as (

    select
        customer_months.as_of_date,
        coalesce(months_before.tier, 'new') as tier_before,
        customer_months.tier as tier_after,
        coalesce(months_before.pyramid_level, 'new') as pyramid_level_before,
        customer_months.pyramid_level as pyramid_level_after,
        customer_months.contribution_cny

    from dates_with_previous

    inner join customer_months
        on dates_with_previous.as_of_date = customer_months.as_of_date

    left join customer_months as months_before
        on customer_months.customer_id = months_before.customer_id
        and dates_with_previous.previous_as_of_date = months_before.as_of_date

    where dates_with_previous.is_touched

)

select
    as_of_date,
    tier_before,
    tier_after,
    pyramid_level_before,
    pyramid_level_after,
    cast(count(*) as integer) as customer_count,
    cast(sum(contribution_cny) as decimal(18, 2)) as contribution_cny

from steps

group by
    as_of_date,
    tier_before,
    tier_after,
    pyramid_level_before,
    pyramid_level_after
