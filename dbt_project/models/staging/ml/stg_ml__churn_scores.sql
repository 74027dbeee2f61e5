with

source as (

    select * from {{ source('ml', 'churn_scores') }}

),

renamed as (

    select

        ---------- ids
        customer_id,
        run_id,

        ---------- numerics
        churn_probability,
        estimator_version,

        ---------- dates
        as_of_date,

        ---------- timestamps
        scored_at

    from source

)

select * from renamed
