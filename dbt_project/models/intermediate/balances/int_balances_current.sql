with

balances as (

    select * from {{ ref('int_balances_converted') }}

),

standing_balances as (

    select
        account_id,
        balance_date,
        balance,
        balance_cny

    from balances

    where superseded_at is null

),

-- A delivery holds every open account, so the newest balance date is the same for all.
newest as (

    select max(balance_date) as balance_date from standing_balances

)

select
    standing_balances.account_id,
    standing_balances.balance_date,
    standing_balances.balance,
    standing_balances.balance_cny

from standing_balances

inner join newest
    on standing_balances.balance_date = newest.balance_date
