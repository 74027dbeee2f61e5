with

source as (

    select * from {{ source('ml', 'cross_sell_scores') }}

),

renamed as (

    select

        ---------- ids
        customer_id,
        run_id,

        ---------- strings
        product_family,

        ---------- numerics
        open_probability,
        estimator_version,

        ---------- dates
        as_of_date,

        ---------- timestamps
        scored_at

    from source

)

select * from renamed
