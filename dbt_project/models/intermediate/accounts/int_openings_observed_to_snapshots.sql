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
    as_of_dates.as_of_date,
    bool_or(accounts.product_family = 'time_deposit') as has_opened_time_deposit,
    bool_or(accounts.product_family = 'credit_card') as has_opened_credit_card,
    bool_or(accounts.product_family = 'loan') as has_opened_loan,
    bool_or(accounts.product_family = 'wealth') as has_opened_wealth,
    bool_or(accounts.product_family = 'fund') as has_opened_fund,
    bool_or(accounts.product_family = 'insurance') as has_opened_insurance

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
