with

source as (

    select * from {{ source('ml', 'score_reasons') }}

),

renamed as (

    select

        ---------- ids
        customer_id,
        run_id,

        ---------- strings
        use_case,
        product_family,
        concept,
        level,

        ---------- numerics
        reason_rank,
        attribution,

        ---------- dates
        as_of_date

    from source

)

select * from renamed
