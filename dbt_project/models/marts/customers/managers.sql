with

customer_months as (

    select * from {{ ref('customer_months') }}

),

latest as (

    select
        manager_id,
        branch_id,
        tier,
        relationship_balance_cny,
        contribution_cny

    from customer_months

    where as_of_date = (select max(newest.as_of_date) from customer_months as newest)

)

select
    manager_id,
    -- Where most of the manager's customers are looked after.
    mode(branch_id order by branch_id) as branch_id,
    cast(count(*) as integer) as customer_count,
    cast(count(*) filter (where tier = 'private') as integer) as private_customer_count,
    cast(count(*) filter (where tier = 'high_net_worth') as integer)
        as high_net_worth_customer_count,
    cast(sum(relationship_balance_cny) as decimal(18, 2)) as relationship_balance_cny,
    cast(sum(contribution_cny) as decimal(18, 2)) as contribution_cny

from latest

where manager_id is not null

group by manager_id
