{# A table: features and the bank's rules both read it. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

account_versions as (

    select * from {{ ref('int_account_versions') }}

),

account_snapshots as (

    select
        account_versions.customer_id,
        as_of_dates.as_of_date,
        account_versions.product_family,
        account_versions.opened_date,
        account_versions.opened_date < as_of_dates.as_of_date as is_opened,
        account_versions.opened_date < as_of_dates.as_of_date
        and account_versions.closed_date >= as_of_dates.as_of_date as is_open,
        {{ is_in_last_days(
            'account_versions.opened_date', 365, 'as_of_dates.as_of_date'
        ) }}
            as is_opened_last_365d,
        {{ is_in_last_days(
            'account_versions.closed_date', 365, 'as_of_dates.as_of_date'
        ) }}
            as is_closed_last_365d

    from account_versions

    inner join as_of_dates
        on {{ is_in_force('account_versions', 'as_of_dates') }}

),

counted as (

    select
        customer_id,
        as_of_date,
        cast(count(*) filter (where is_open) as double) as open_account_count,
        cast(count(*) filter (where is_opened) as double) as account_count,
        max(opened_date) filter (where is_opened) as last_opened_date,
        {{ holds("is_open and product_family = 'current_deposit'") }}
            as holds_current_deposit,
        {{ holds("is_open and product_family = 'time_deposit'") }}
            as holds_time_deposit,
        {{ holds("is_open and product_family = 'credit_card'") }}
            as holds_credit_card,
        {{ holds("is_open and product_family = 'loan'") }}
            as holds_loan,
        {{ holds("is_open and product_family = 'wealth'") }}
            as holds_wealth,
        {{ holds("is_open and product_family = 'fund'") }}
            as holds_fund,
        {{ holds("is_open and product_family = 'insurance'") }}
            as holds_insurance,
        cast(count(*) filter (where is_opened_last_365d) as double)
            as account_opened_count_365d,
        cast(count(*) filter (where is_closed_last_365d) as double)
            as account_closed_count_365d

    from account_snapshots

    group by all

)

select
    customer_id,
    as_of_date,
    account_count,
    open_account_count,
    cast({{ days_between('last_opened_date', 'as_of_date') }} as double)
        as days_since_opening,
    holds_current_deposit
    + holds_time_deposit
    + holds_credit_card
    + holds_loan
    + holds_wealth
    + holds_fund
    + holds_insurance as held_family_count,
    holds_current_deposit,
    holds_time_deposit,
    holds_credit_card,
    holds_loan,
    holds_wealth,
    holds_fund,
    holds_insurance,
    account_opened_count_365d,
    account_closed_count_365d

from counted
