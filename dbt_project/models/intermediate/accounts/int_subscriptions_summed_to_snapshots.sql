with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

subscriptions as (

    select * from {{ ref('stg_core_subscriptions__subscriptions') }}

),

account_versions as (

    select * from {{ ref('int_account_versions') }}

),

products as (

    {{ dated(ref('product_families'), ['product_code']) }}

),

exchange_rates as (

    {{ dated(ref('exchange_rates'), ['currency_code']) }}

),

subscriptions_converted as (

    select
        subscriptions.account_id,
        subscriptions.subscribed_date,
        {{ or_unknown('products.product_family') }} as product_family,
        {{ to_cny('subscriptions.amount', 'exchange_rates.rate_to_cny') }}
            as amount_cny,
        subscriptions.known_at,
        subscriptions.superseded_at

    from subscriptions

    left join products
        on subscriptions.product_code = products.product_code
        and subscriptions.subscribed_date >= products.valid_from
        and subscriptions.subscribed_date < products.valid_to

    left join exchange_rates
        on subscriptions.currency_code = exchange_rates.currency_code
        and subscriptions.subscribed_date >= exchange_rates.valid_from
        and subscriptions.subscribed_date < exchange_rates.valid_to

)

select
    account_versions.customer_id,
    as_of_dates.as_of_date,
    max(subscriptions_converted.amount_cny) filter (
        where subscriptions_converted.product_family = 'wealth'
    ) as largest_wealth_subscription_cny,
    count(*) filter (
        where {{ is_in_last_days(
            'subscriptions_converted.subscribed_date', 365, 'as_of_dates.as_of_date'
        ) }}
    ) as subscription_count_365d,
    coalesce(
        sum(subscriptions_converted.amount_cny) filter (
            where {{ is_in_last_days(
                'subscriptions_converted.subscribed_date', 365, 'as_of_dates.as_of_date'
            ) }}
        ), 0
    ) as subscription_amount_sum_365d_cny

from subscriptions_converted

inner join as_of_dates
    on {{ is_known_at('subscriptions_converted', 'subscribed_date', 'as_of_dates') }}

inner join account_versions
    on subscriptions_converted.account_id = account_versions.account_id
    and {{ is_in_force('account_versions', 'as_of_dates') }}

group by all
