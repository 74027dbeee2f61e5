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

select distinct
    accounts.customer_id,
    as_of_dates.as_of_date

from accounts

inner join as_of_dates
    on accounts.opened_date
    < {{ add_days('as_of_dates.as_of_date', days_until_known('churn')) }}
    and accounts.closed_date
    >= {{ add_days('as_of_dates.as_of_date', days_until_known('churn')) }}

where {{ is_outcome_observed(
    'accounts.customer_id',
    'as_of_dates.as_of_date',
    'outcomes_touched',
    'customers_touched',
) }}
