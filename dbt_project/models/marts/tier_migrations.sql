with

customer_months as (

    select * from {{ ref('customer_months') }}

),

steps as (

    select
        customer_id,
        as_of_date,
        lag(tier, 1, 'new') over of_customer as tier_before,
        tier as tier_after,
        lag(pyramid_level, 1, 'new') over of_customer as pyramid_level_before,
        pyramid_level as pyramid_level_after,
        contribution_cny

    from customer_months

    window of_customer as (partition by customer_id order by as_of_date)

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
