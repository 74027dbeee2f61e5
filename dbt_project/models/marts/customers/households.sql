with

customer_months as (

    select * from {{ ref('customer_months') }}

),

latest as (

    select
        customer_id,
        household_id,
        as_of_date,
        tier,
        net_assets_cny,
        contribution_cny

    from customer_months

    where as_of_date = (select max(newest.as_of_date) from customer_months as newest)

)

select
    household_id,
    as_of_date,
    cast(count(*) as integer) as member_count,
    cast(sum(net_assets_cny) as decimal(18, 2)) as net_assets_cny,
    cast(sum(contribution_cny) as decimal(18, 2)) as contribution_cny,
    case
        when bool_or(tier = 'private') then 'private'
        when bool_or(tier = 'high_net_worth') then 'high_net_worth'
        else 'general'
    end as highest_tier

from latest

group by household_id, as_of_date
