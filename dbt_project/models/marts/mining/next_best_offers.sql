with

customers as (

    select * from {{ ref('customers') }}

),

accounts as (

    select * from {{ ref('accounts') }}

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

latest_cross_sell_scores as (

    select
        customer_id,
        as_of_date,
        product_family,
        run_id,
        probability as open_probability

    from scores

    where use_case = 'cross_sell'

    qualify as_of_date = max(as_of_date) over ()

),

held_families as (

    select distinct
        customer_id,
        product_family

    from accounts

    where is_open

),

-- Consent is asked of today's register, and so is what is held: both may have changed
-- since the snapshot.
allowed_offers as (

    select
        scores.customer_id,
        scores.as_of_date,
        scores.product_family,
        scores.run_id,
        scores.open_probability,
        customers.branch_id,
        customers.manager_id,
        row_number() over (
            partition by scores.customer_id
            order by
                scores.open_probability desc nulls last,
                scores.product_family asc nulls last
        ) as offer_rank

    from latest_cross_sell_scores as scores

    inner join customers
        on scores.customer_id = customers.customer_id

    left join held_families
        on scores.customer_id = held_families.customer_id
        and scores.product_family = held_families.product_family

    where
        customers.has_marketing_consent
        and held_families.customer_id is null

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
    cast(offers.offer_rank as integer) as offer_rank,
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

from allowed_offers as offers

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

where offers.offer_rank <= 3
