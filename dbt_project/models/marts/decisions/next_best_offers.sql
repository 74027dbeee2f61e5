with

decisions as (

    select * from {{ ref('decision_log') }}

),

scores as (

    select * from {{ ref('stg_ml__scores') }}

),

reasons as (

    select * from {{ ref('score_reasons') }}

),

latest_churn_scores as (

    select
        customer_id,
        as_of_date,
        run_id,
        probability as churn_probability

    from scores

    where use_case = 'churn'

    qualify as_of_date = max(as_of_date) over ()

),

first_reasons as (

    select
        use_case,
        customer_id,
        as_of_date,
        product_family,
        run_id,
        reason,
        reason_zh

    from reasons

    where reason_rank = 1

)

select
    offers.customer_id,
    offers.offer_rank,
    offers.product_family,
    offers.open_probability,
    latest_churn_scores.churn_probability,
    offers.branch_id,
    offers.manager_id,
    offers.as_of_date,
    offer_reasons.reason as offer_reason,
    offer_reasons.reason_zh as offer_reason_zh,
    churn_reasons.reason as churn_reason,
    churn_reasons.reason_zh as churn_reason_zh

from decisions as offers

left join latest_churn_scores
    on offers.customer_id = latest_churn_scores.customer_id

left join first_reasons as offer_reasons
    on offer_reasons.use_case = 'cross_sell'
    and offers.customer_id = offer_reasons.customer_id
    and offers.as_of_date = offer_reasons.as_of_date
    and offers.product_family = offer_reasons.product_family
    and offers.run_id = offer_reasons.run_id

left join first_reasons as churn_reasons
    on churn_reasons.use_case = 'churn'
    and latest_churn_scores.customer_id = churn_reasons.customer_id
    and latest_churn_scores.as_of_date = churn_reasons.as_of_date
    and latest_churn_scores.run_id = churn_reasons.run_id

where offers.decision_stage = 'offered'
