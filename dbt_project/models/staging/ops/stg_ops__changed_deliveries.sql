with

source as (

    select * from {{ source('ops', 'changed_deliveries') }}

),

renamed as (

    select

        ---------- ids
        delivery_id,

        ---------- strings
        source,

        ---------- dates
        month_date,

        ---------- timestamps
        known_from

    from source

)

select * from renamed
