with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

accounts as (

    select * from {{ ref('int_accounts_current') }}

),

outcomes_touched as (

    select * from {{ ref('int_outcomes_touched') }}

),

customers_touched as (

    select * from {{ ref('int_customers_touched') }}

)

select
    accounts.customer_id,
    {% for family in offered_families() %}
        bool_or(accounts.product_family = '{{ family }}') as has_opened_{{ family }},
    {% endfor %}
    as_of_dates.as_of_date

from accounts

inner join as_of_dates
    on accounts.opened_date
    >= {{ add_days('as_of_dates.as_of_date', lead_days('cross_sell')) }}
    and accounts.opened_date
    < {{ add_days('as_of_dates.as_of_date', days_until_known('cross_sell')) }}

where {{ is_outcome_observed(
    'accounts.customer_id',
    'as_of_dates.as_of_date',
    'outcomes_touched',
    'customers_touched',
) }}

group by all
