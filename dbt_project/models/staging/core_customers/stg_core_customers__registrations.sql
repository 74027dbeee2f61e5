with

source as (

    {{ accepted_rows('core_customers', 'registrations') }}

),

renamed as (

    select

        ---------- ids
        customer_number as customer_id,
        login_name as login_id,
        branch_code as branch_id,
        manager_code as manager_id,
        delivery_id,

        ---------- strings
        full_name as name_pseudonym,
        document_number as document_pseudonym,
        phone_number as phone_pseudonym,
        email_address as email_pseudonym,
        postal_address as address_pseudonym,
        household_number as household_pseudonym,
        gender,

        ---------- numerics
        income_year,
        annual_income as annual_income_cny,
        annual_income_one_year_before as annual_income_one_year_before_cny,
        annual_income_two_years_before as annual_income_two_years_before_cny,

        ---------- booleans
        has_income_proof,
        has_marketing_consent,

        ---------- dates
        changed_date,
        registered_date,
        birth_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
