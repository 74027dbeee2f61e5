{# A table: small, and read once per snapshot. #}
{{ config(materialized='table') }}

with

registrations as (

    select * from {{ ref('stg_core_customers__registrations') }}

),

versions as (

    {{ versions('registrations', 'customer_id', [
        'login_id',
        'branch_id',
        'manager_id',
        'gender',
        'income_year',
        'annual_income_cny',
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
    gender,
    income_year,
    annual_income_cny,
    has_income_proof,
    has_marketing_consent,
    registered_date,
    birth_date,
    valid_from,
    valid_to,
    known_at,
    superseded_at

from versions
