with

source as (

    select * from {{ source('ml', 'estimator_health') }}

),

renamed as (

    select

        ---------- ids
        run_id,

        ---------- strings
        use_case,
        metric,
        feature,

        ---------- numerics
        estimator_version,
        value,
        threshold,

        ---------- booleans
        is_alert,

        ---------- dates
        as_of_date

    from source

)

select * from renamed
