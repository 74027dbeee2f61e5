with

source as (

    select * from {{ source('ml', 'scores') }}

),

renamed as (

    select

        ---------- ids
        customer_id,
        run_id,

        ---------- strings
        use_case,
        product_family,

        ---------- numerics
        probability,
        estimator_version,

        ---------- dates
        as_of_date,

        ---------- timestamps
        scored_at

    from source

)

select * from renamed
