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

),

counted_by_branch as (

    select
        manager_id,
        branch_id,
        count(*) as customer_count

    from latest

    where branch_id is not null

    group by manager_id, branch_id

),

-- Where most of the manager's customers are looked after.
main_branches as (

    select
        manager_id,
        branch_id

    from counted_by_branch

    qualify row_number() over (
        partition by manager_id
        order by customer_count desc nulls last, branch_id asc nulls last
    ) = 1

)

select
    latest.manager_id,
    main_branches.branch_id,
    cast(count(*) as integer) as customer_count,
    cast(count(*) filter (where latest.tier = 'private') as integer)
        as private_customer_count,
    cast(count(*) filter (where latest.tier = 'high_net_worth') as integer)
        as high_net_worth_customer_count,
    cast(sum(latest.relationship_balance_cny) as decimal(18, 2))
        as relationship_balance_cny,
    cast(sum(latest.contribution_cny) as decimal(18, 2)) as contribution_cny

from latest

left join main_branches
    on latest.manager_id = main_branches.manager_id

where latest.manager_id is not null

group by latest.manager_id, main_branches.branch_id
