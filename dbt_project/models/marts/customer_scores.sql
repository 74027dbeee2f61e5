with

churn_scores as (

    select * from {{ ref('stg_ml__churn_scores') }}

),

cross_sell_scores as (

    select * from {{ ref('stg_ml__cross_sell_scores') }}

),

best_families as (

    select
        customer_id,
        as_of_date,
        product_family,
        open_probability,
        estimator_version,
        run_id,
        scored_at

    from cross_sell_scores

    qualify row_number() over (
        partition by customer_id, as_of_date
        order by open_probability desc, product_family asc
    ) = 1

),

scored_snapshots as (

    select
        customer_id,
        as_of_date
    from churn_scores

    union distinct

    select
        customer_id,
        as_of_date
    from best_families

)

select
    scored_snapshots.customer_id,
    scored_snapshots.as_of_date,
    churn_scores.churn_probability,
    churn_scores.estimator_version as churn_estimator_version,
    churn_scores.run_id as churn_run_id,
    best_families.product_family as best_product_family,
    best_families.open_probability,
    best_families.estimator_version as cross_sell_estimator_version,
    best_families.run_id as cross_sell_run_id,
    {{ later_of('churn_scores.scored_at', 'best_families.scored_at') }} as scored_at

from scored_snapshots

left join churn_scores
    on scored_snapshots.customer_id = churn_scores.customer_id
    and scored_snapshots.as_of_date = churn_scores.as_of_date

left join best_families
    on scored_snapshots.customer_id = best_families.customer_id
    and scored_snapshots.as_of_date = best_families.as_of_date
