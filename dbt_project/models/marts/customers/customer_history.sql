with

customers as (

    select * from {{ ref('int_customer_versions') }}

)

select
    customer_id,
    valid_from as valid_from_date,
    nullif(valid_to, {{ never() }}) as valid_to_date,
    known_at,
    superseded_at as known_until_at,
    superseded_at is null as is_believed_today,
    superseded_at is null and valid_to = {{ never() }} as is_current,
    registered_date,
    branch_id,
    manager_id,
    coalesce(gender, 'unknown') as gender,
    cast(extract(year from birth_date) as integer) as birth_year,
    income_year,
    annual_income_cny,
    coalesce(has_income_proof, false) as has_income_proof,
    coalesce(has_marketing_consent, false) as has_marketing_consent,
    login_id is not null as has_online_banking,
    household_pseudonym as declared_household_id,
    address_pseudonym as address_id

from customers
