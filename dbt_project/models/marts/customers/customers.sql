with

registered as (

    select * from {{ ref('int_customers_registered') }}

),

scores as (

    select * from {{ ref('customer_scores') }}

),

newest_scores as (

    select *

    from scores

    qualify as_of_date = max(as_of_date) over ()

)

select
    registered.*,
    newest_scores.as_of_date as scored_date,
    newest_scores.churn_probability,
    newest_scores.best_product_family,
    newest_scores.open_probability,
    newest_scores.growth_probability,
    newest_scores.data_quality_grade

from registered

left join newest_scores
    on registered.customer_id = newest_scores.customer_id
