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
            where is_latest and product_family in ('current_deposit', 'time_deposit')
        ) as deposit_balance_cny,
        sum(balance_cny) filter (
            where is_latest and product_family in ('wealth', 'fund', 'insurance')
        ) as invested_balance_cny,
        -sum(balance_cny) filter (
            where is_latest and product_family in ('credit_card', 'loan')
        ) as owed_balance_cny,
        sum(balance_cny) filter (
            where is_latest and product_family not in ('credit_card', 'loan')
        ) as total_balance_cny,
        sum(balance_cny) filter (where is_latest and is_high_margin)
            as high_margin_balance_cny,
        sum(margin_amount_cny) filter (where is_latest) as margin_amount_cny,
        sum(expected_loss_amount_cny) filter (where is_latest)
            as expected_loss_amount_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'current_deposit'"
        ) }} as current_deposit_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'time_deposit'"
        ) }} as time_deposit_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'credit_card'"
        ) }} as credit_card_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'loan'"
        ) }} as loan_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'wealth'"
        ) }} as wealth_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'fund'"
        ) }} as fund_balance_cny,
        {{ balance_where(
            'balance_cny', "is_latest and product_family = 'insurance'"
        ) }} as insurance_balance_cny,
        sum(balance_cny) filter (
            where not is_latest and product_family not in ('credit_card', 'loan')
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
    coalesce(margin_amount_cny, 0) as margin_amount_cny,
    coalesce(expected_loss_amount_cny, 0) as expected_loss_amount_cny,
    current_deposit_balance_cny,
    time_deposit_balance_cny,
    credit_card_balance_cny,
    loan_balance_cny,
    wealth_balance_cny,
    fund_balance_cny,
    insurance_balance_cny

from summed
