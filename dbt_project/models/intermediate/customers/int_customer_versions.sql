{# A table: small, and read once per snapshot. #}
{{ config(materialized='table') }}

with

registrations as (

    select * from {{ ref('int_registrations_resolved') }}

),

versions as (

    {{ versions('registrations', 'customer_id', [
        'login_id',
        'branch_id',
        'manager_id',
        'household_pseudonym',
        'address_pseudonym',
        'gender',
        'income_year',
        'annual_income_cny',
        'annual_income_one_year_before_cny',
        'annual_income_two_years_before_cny',
        'has_income_proof',
        'has_marketing_consent',
        'registered_date',
        'birth_date',
    ]) }}

)

select
    customer_id,
    login_id,
    branch_id,
    manager_id,
    household_pseudonym,
    address_pseudonym,
    gender,
    income_year,
    annual_income_cny,
    annual_income_one_year_before_cny,
    annual_income_two_years_before_cny,
    has_income_proof,
    has_marketing_consent,
    registered_date,
    birth_date,
    valid_from,
    valid_to,
    known_at,
    superseded_at

from versions
