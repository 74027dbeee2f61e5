with

customer_months as (

    select * from {{ ref('customer_months') }}

),

transactions as (

    select * from {{ ref('transactions') }}

),

latest as (

    select
        customer_id,
        branch_id,
        manager_id,
        relationship_balance_cny,
        contribution_cny

    from customer_months

    where as_of_date = (select max(newest.as_of_date) from customer_months as newest)

),

customers_counted as (

    select
        branch_id,
        count(*) as customer_count,
        count(distinct manager_id) as manager_count,
        sum(relationship_balance_cny) as relationship_balance_cny,
        sum(contribution_cny) as contribution_cny

    from latest

    group by all

),

visits_counted as (

    select
        branch_id,
        count(*) as visit_count,
        min(cast(occurred_at as date)) as first_visit_date,
        max(cast(occurred_at as date)) as last_visit_date

    from transactions

    where branch_id is not null

    group by all

),

all_branches as (

    select branch_id from customers_counted
    union distinct
    select branch_id from visits_counted

)

select
    all_branches.branch_id,
    cast(coalesce(customers_counted.customer_count, 0) as integer) as customer_count,
    cast(coalesce(customers_counted.manager_count, 0) as integer) as manager_count,
    cast(coalesce(customers_counted.relationship_balance_cny, 0) as decimal(18, 2))
        as relationship_balance_cny,
    cast(coalesce(customers_counted.contribution_cny, 0) as decimal(18, 2))
        as contribution_cny,
    cast(coalesce(visits_counted.visit_count, 0) as integer) as visit_count,
    visits_counted.first_visit_date,
    visits_counted.last_visit_date

from all_branches

left join customers_counted
    on all_branches.branch_id = customers_counted.branch_id

left join visits_counted
    on all_branches.branch_id = visits_counted.branch_id
