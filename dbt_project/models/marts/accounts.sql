with

accounts as (

    select * from {{ ref('int_accounts_valued') }}

)

select
    account_id,
    customer_id,
    product_code,
    product_family,
    currency_code,
    opened_date,
    closed_date,
    is_open,
    balance,
    balance_cny,
    balance_date

from accounts
