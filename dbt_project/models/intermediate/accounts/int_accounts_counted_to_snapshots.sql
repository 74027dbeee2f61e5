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
        min(opened_date) filter (where is_opened) as first_opened_date,
        max(opened_date) filter (where is_opened) as last_opened_date,
        count(distinct opened_date) filter (where is_opened) as opening_day_count,
        {% for family in families() %}
            {{ holds("is_open and product_family = '" ~ family ~ "'") }}
                as holds_{{ family }},
        {% endfor %}
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
    first_opened_date,
    opening_day_count,
    cast({{ days_between('last_opened_date', 'as_of_date') }} as double)
        as days_since_opening,
    holds_{{ families() | join(' + holds_') }} as held_family_count,
    {% for family in families() %}
        holds_{{ family }},
    {% endfor %}
    account_opened_count_365d,
    account_closed_count_365d

from counted
