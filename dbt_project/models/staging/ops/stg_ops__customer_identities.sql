with

source as (

    select * from {{ source('ops', 'customer_identities') }}

),

renamed as (

    select

        ---------- ids
        customer_number as registered_customer_id,
        customer_id,

        ---------- dates
        registered_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
