-- Balances are neither lost nor doubled on the way from accounts to customers.
with

customers as (

    select * from {{ ref('int_customers_registered') }}

),

accounts as (

    select * from {{ ref('accounts') }}

),

summed as (

    select
        (
            select
                sum(
                    deposit_balance_cny + invested_balance_cny + unknown_balance_cny
                )
            from customers
        ) as customers_cny,
        (
            select sum(balance_cny) from accounts
            where
                is_open
                and not {{ is_owed('product_family', 'balance_cny') }}
                and customer_id in (select customers.customer_id from customers)
        ) as accounts_cny

)

select *
from summed
where customers_cny != accounts_cny
