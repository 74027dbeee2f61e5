{# Keeps all snapshots, unlike others here: a path looks back at those before it. #}
{{ config(**kept_by_snapshot()) }}

with

balances as (

    select * from {{ ref('int_balances_converted') }}

),

balance_dates as (

    select * from {{ ref('int_balance_dates_found_to_snapshots') }}

),

account_versions as (

    select * from {{ ref('int_account_versions') }}

),

margins as (

    {{ dated(ref('product_margins'), ['product_code']) }}

),

wanted_dates as (

    select
        as_of_date,
        cut_off_at,
        balance_date,
        true as is_latest
    from balance_dates

    union all

    select
        as_of_date,
        cut_off_at,
        balance_90d_ago_date as balance_date,
        false as is_latest
    from balance_dates

),

account_snapshots as (

    select
        account_versions.customer_id,
        wanted_dates.as_of_date,
        wanted_dates.is_latest,
        account_versions.product_code,
        account_versions.product_family,
        balances.balance_cny,
        abs(balances.balance_cny) * margins.margin_rate as margin_amount_cny,
        abs(balances.balance_cny) * margins.expected_loss_rate
            as expected_loss_amount_cny,
        coalesce(margins.is_high_margin, false) as is_high_margin

    from balances

    inner join wanted_dates
        on balances.balance_date = wanted_dates.balance_date
        and balances.known_at <= wanted_dates.cut_off_at
        and coalesce(balances.superseded_at > wanted_dates.cut_off_at, true)

    inner join account_versions
        on balances.account_id = account_versions.account_id
        and {{ is_in_force('account_versions', 'wanted_dates') }}

    left join margins
        on account_versions.product_code = margins.product_code
        and {{ in_force_at('margins', 'wanted_dates') }}

    -- A balance may be older than the day on which its account was closed.
    where
        account_versions.closed_date >= wanted_dates.as_of_date
        or not wanted_dates.is_latest

),

summed as (

    select
        customer_id,
        as_of_date,
        sum(balance_cny) filter (
            where is_latest and {{ is_held_as('deposit', 'product_family') }}
        ) as deposit_balance_cny,
        sum(balance_cny) filter (
            where is_latest and {{ is_held_as('invested', 'product_family') }}
        ) as invested_balance_cny,
        -sum(balance_cny) filter (
            where is_latest and {{ is_owed('product_family', 'balance_cny') }}
        ) as owed_balance_cny,
        sum(balance_cny) filter (
            where is_latest and not {{ is_owed('product_family', 'balance_cny') }}
        ) as total_balance_cny,
        sum(balance_cny) filter (where is_latest and is_high_margin)
            as high_margin_balance_cny,
        count(distinct product_code) filter (
            where is_latest and is_high_margin and balance_cny > 0
        ) as high_margin_product_count,
        sum(margin_amount_cny) filter (where is_latest) as margin_amount_cny,
        sum(expected_loss_amount_cny) filter (where is_latest)
            as expected_loss_amount_cny,
        {% for family in families() %}
        {{ balance_where(
            'balance_cny', "is_latest and product_family = '" ~ family ~ "'"
        ) }} as {{ family }}_balance_cny,
        {% endfor %}
        sum(balance_cny) filter (
            where
            not is_latest
            and not {{ is_owed('product_family', 'balance_cny') }}
        ) as total_balance_90d_ago_cny

    from account_snapshots

    group by all

)

select
    customer_id,
    as_of_date,
    cast(coalesce(deposit_balance_cny, 0) as double) as deposit_balance_cny,
    cast(coalesce(invested_balance_cny, 0) as double) as invested_balance_cny,
    -- Who paid more into a card than was owed owes nothing.
    cast(greatest(coalesce(owed_balance_cny, 0), 0) as double) as owed_balance_cny,
    cast(coalesce(total_balance_cny, 0) as double) as total_balance_cny,
    cast(
        coalesce(total_balance_cny, 0) - coalesce(total_balance_90d_ago_cny, 0)
        as double
    ) as total_balance_change_90d_cny,
    case
        when total_balance_90d_ago_cny > 0
            then
                cast(coalesce(total_balance_cny, 0) as double)
                / cast(total_balance_90d_ago_cny as double)
    end as total_balance_ratio_90d,
    coalesce(high_margin_balance_cny, 0) as high_margin_balance_cny,
    high_margin_product_count,
    coalesce(margin_amount_cny, 0) as margin_amount_cny,
    {% for family in families() %}
        {{ family }}_balance_cny,
    {% endfor %}
    coalesce(expected_loss_amount_cny, 0) as expected_loss_amount_cny

from summed
