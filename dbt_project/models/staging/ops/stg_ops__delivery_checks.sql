with

source as (

    select * from {{ source('ops', 'delivery_checks') }}

),

renamed as (

    select

        ---------- ids
        delivery_id,

        ---------- strings
        source,
        principle,

        ---------- numerics
        check_count,
        failed_count,

        ---------- dates
        business_date

    from source

)

select * from renamed
