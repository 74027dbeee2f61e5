with

accounts as (

    select * from {{ ref('int_accounts_current') }}

),

balances as (

    select * from {{ ref('int_balances_current') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

today as (

    select as_of_date

    from as_of_dates

    where is_scoring_date

)

select
    accounts.account_id,
    accounts.customer_id,
    accounts.product_code,
    accounts.product_family,
    accounts.currency_code,
    accounts.opened_date,
    nullif(accounts.closed_date, {{ never() }}) as closed_date,
    accounts.closed_date >= coalesce(today.as_of_date, {{ never() }}) as is_open,
    balances.balance,
    balances.balance_cny,
    balances.balance_date

from accounts

left join today
    on true

left join balances
    on accounts.account_id = balances.account_id
