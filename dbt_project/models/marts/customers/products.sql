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

)

select
    product_families.product_code,
    product_families.product_family,
    product_families.product_name,
    margins.margin_rate,
    margins.expected_loss_rate,
    margins.is_high_margin,
    cast(coalesce(accounts_summed.open_account_count, 0) as integer)
        as open_account_count,
    cast(coalesce(accounts_summed.customer_count, 0) as integer) as customer_count,
    cast(coalesce(accounts_summed.balance_cny, 0) as decimal(18, 2)) as balance_cny

from product_families

left join margins
    on product_families.product_code = margins.product_code
    and margins.valid_to = {{ never() }}

left join accounts_summed
    on product_families.product_code = accounts_summed.product_code

where product_families.valid_to = {{ never() }}
