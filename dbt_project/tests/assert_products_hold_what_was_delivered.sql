-- Whatever their codes: balances are neither lost nor doubled from staging to products.
with

products as (

    select * from {{ ref('products') }}

),

accounts as (

    select * from {{ ref('accounts') }}

),

balances as (

    select * from {{ ref('stg_core_balances__balances') }}

),

summed as (

    select
        (select sum(balance_cny) from products) as products_cny,
        (
            select sum(balance_cny) from accounts
            where is_open
        ) as accounts_cny,
        (select sum(balance) from accounts) as accounts_amount,
        (
            select sum(balance) from balances
            where
                superseded_at is null
                and balance_date = (select max(accounts.balance_date) from accounts)
                and account_id in (select accounts.account_id from accounts)
        ) as delivered_amount

)

select *
from summed
where
    products_cny != accounts_cny
    or accounts_amount != delivered_amount
