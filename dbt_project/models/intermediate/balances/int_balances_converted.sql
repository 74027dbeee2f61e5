with

balances as (

    select * from {{ ref('stg_core_balances__balances') }}

),

exchange_rates as (

    {{ dated(ref('exchange_rates'), ['currency_code']) }}

)

select
    balances.account_id,
    balances.balance_date,
    balances.balance,
    {{ to_cny('balances.balance', 'exchange_rates.rate_to_cny') }} as balance_cny,
    balances.known_at,
    balances.superseded_at

from balances

left join exchange_rates
    on balances.currency_code = exchange_rates.currency_code
    and balances.balance_date >= exchange_rates.valid_from
    and balances.balance_date < exchange_rates.valid_to
