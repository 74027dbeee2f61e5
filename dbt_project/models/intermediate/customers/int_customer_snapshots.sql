{# A table: the spine of every feature. #}
{{ config(materialized='table') }}

with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

customers as (

    select * from {{ ref('int_customer_versions') }}

)

select
    customers.customer_id,
    as_of_dates.as_of_date,
    as_of_dates.cut_off_at,
    customers.registered_date,
    customers.branch_id,
    customers.manager_id,
    customers.household_pseudonym,
    customers.address_pseudonym,
    customers.income_year,
    customers.annual_income_cny as stated_income_cny,
    customers.annual_income_one_year_before_cny as stated_income_one_year_before_cny,
    customers.annual_income_two_years_before_cny as stated_income_two_years_before_cny,
    coalesce(customers.gender, 'unknown') as gender,
    cast(
        {{ days_between('customers.registered_date', 'as_of_dates.as_of_date') }}
        as double
    ) as tenure_days,
    -- Over a life, every fourth year is a day longer.
    {{ days_between('customers.birth_date', 'as_of_dates.as_of_date') }} / 365.25
        as age_years,
    cast(customers.annual_income_cny as double) as annual_income_cny,
    cast(coalesce(customers.has_income_proof, false) as double) as has_income_proof,
    cast(coalesce(customers.has_marketing_consent, false) as double)
        as has_marketing_consent

from customers

inner join as_of_dates
    on {{ is_in_force('customers', 'as_of_dates') }}

where customers.registered_date < as_of_dates.as_of_date
