with

source as (

    select * from {{ source('ops', 'accepted_deliveries') }}

),

renamed as (

    select

        ---------- ids
        delivery_id,

        ---------- strings
        source,

        ---------- numerics
        sequence,

        ---------- dates
        business_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
