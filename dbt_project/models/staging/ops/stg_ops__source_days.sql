with

source as (

    select * from {{ source('ops', 'source_days') }}

),

renamed as (

    select

        ---------- ids
        delivery_id,

        ---------- strings
        source,
        state,

        ---------- numerics
        rows_delivered,
        rows_quarantined,

        ---------- booleans
        is_missing,

        ---------- dates
        business_date,
        first_covered_date,
        expected_date,
        due_date,
        lacked_from_date,
        lacked_until_date,

        ---------- timestamps
        known_at

    from source

)

select * from renamed
