with

source as (

    select * from {{ source('ops', 'prospect_identities') }}

),

renamed as (

    select

        ---------- ids
        'partner:' || person_number as person_id,
        customer_id,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
