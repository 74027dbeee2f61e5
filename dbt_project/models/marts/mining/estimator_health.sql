with

estimator_health as (

    select * from {{ ref('stg_ml__estimator_health') }}

)

select
    use_case,
    as_of_date,
    metric,
    feature,
    value,
    threshold,
    is_alert,
    estimator_version,
    run_id

from estimator_health
