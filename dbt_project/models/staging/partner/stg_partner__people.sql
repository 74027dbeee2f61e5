with

source as (

    {{ accepted_rows('partner', 'people') }}

),

renamed as (

    select

        ---------- ids
        'partner:' || person_number as person_id,
        partner_code as partner_id,
        referrer_number as referrer_customer_id,
        delivery_id,

        ---------- strings
        person_kind,
        partner_kind,
        full_name as name_pseudonym,
        document_number as document_pseudonym,
        phone_number as phone_pseudonym,
        email_address as email_pseudonym,
        gender,

        ---------- booleans
        has_contact_consent,

        ---------- dates
        reported_date,
        birth_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
