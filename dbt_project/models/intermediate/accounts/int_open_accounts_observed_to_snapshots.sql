with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

accounts as (

    select * from {{ ref('int_accounts_current') }}

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

where {{ is_outcome_observed('accounts', 'as_of_dates') }}
