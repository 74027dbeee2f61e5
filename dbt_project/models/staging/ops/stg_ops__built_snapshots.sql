with

source as (

    select * from {{ source('ops', 'built_snapshots') }}

),

renamed as (

    select

        ---------- strings
        gaps,

        ---------- dates
        as_of_date,
        observed_until_date

    from source

)

select * from renamed
