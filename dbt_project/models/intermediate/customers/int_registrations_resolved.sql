with

registrations as (

    select * from {{ ref('stg_core_customers__registrations') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

registrations_resolved as (

    {{ resolved('registrations', 'identities', [
        'login_id',
        'branch_id',
        'manager_id',
        'delivery_id',
        'address_pseudonym',
        'household_pseudonym',
        'gender',
        'income_year',
        'annual_income_cny',
        'annual_income_one_year_before_cny',
        'annual_income_two_years_before_cny',
        'has_income_proof',
        'has_marketing_consent',
        'changed_date',
        'registered_date',
        'birth_date',
    ]) }}

),

-- Whoever is registered again has been a customer since the first time.
first_registrations as (

    select
        customer_id,
        min(registered_date) as registered_date

    from identities

    where registered_customer_id != customer_id

    group by all

)

select
    registrations.customer_id,
    registrations.registered_customer_id,
    registrations.login_id,
    registrations.branch_id,
    registrations.manager_id,
    registrations.delivery_id,
    registrations.address_pseudonym,
    registrations.household_pseudonym,
    registrations.gender,
    registrations.income_year,
    registrations.annual_income_cny,
    registrations.annual_income_one_year_before_cny,
    registrations.annual_income_two_years_before_cny,
    registrations.has_income_proof,
    registrations.has_marketing_consent,
    registrations.changed_date,
    least(registrations.registered_date, first_registrations.registered_date)
        as registered_date,
    registrations.birth_date,
    registrations.known_at,
    registrations.superseded_at

from registrations_resolved as registrations

left join first_registrations
    on registrations.customer_id = first_registrations.customer_id
