with

product_families as (

    {{ dated(ref('product_families'), ['product_code']) }}

),

margins as (

    {{ dated(ref('product_margins'), ['product_code']) }}

),

accounts as (

    select * from {{ ref('accounts') }}

),

accounts_summed as (

    select
        product_code,
        count(*) filter (where is_open) as open_account_count,
        count(distinct customer_id) filter (where is_open) as customer_count,
        sum(balance_cny) filter (where is_open) as balance_cny

    from accounts

    group by all

),

-- A code that accounts have and the seed has not: its money is counted here, too.
products as (

    select
        product_code,
        product_family,
        product_name

    from product_families

    where valid_to = {{ never() }}

    union all

    select
        product_code,
        'unknown' as product_family,
        'unknown' as product_name

    from accounts_summed

    where
        product_code not in (
            select product_families.product_code from product_families
        )

)

select
    products.product_code,
    products.product_family,
    products.product_name,
    margins.margin_rate,
    margins.expected_loss_rate,
    margins.is_high_margin,
    cast(coalesce(accounts_summed.open_account_count, 0) as integer)
        as open_account_count,
    cast(coalesce(accounts_summed.customer_count, 0) as integer) as customer_count,
    cast(coalesce(accounts_summed.balance_cny, 0) as decimal(18, 2)) as balance_cny

from products

left join margins
    on products.product_code = margins.product_code
    and margins.valid_to = {{ never() }}

left join accounts_summed
    on products.product_code = accounts_summed.product_code
