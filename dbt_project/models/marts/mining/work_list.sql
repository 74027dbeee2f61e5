with

scores as (

    select * from {{ ref('customer_scores') }}

),

offers as (

    select * from {{ ref('next_best_offers') }}

),

newest_scores as (

    select
        customer_id,
        as_of_date,
        churn_probability

    from scores

    where churn_probability is not null

    qualify as_of_date = max(as_of_date) over ()

),

first_offers as (

    select *

    from offers

    where offer_rank = 1

)

select
    cast(
        row_number() over (
            order by
                newest_scores.churn_probability desc nulls last,
                newest_scores.customer_id asc nulls last
        ) as integer
    ) as contact_rank,
    newest_scores.customer_id,
    first_offers.branch_id,
    first_offers.manager_id,
    newest_scores.as_of_date,
    newest_scores.churn_probability,
    first_offers.churn_reason,
    first_offers.churn_reason_zh,
    first_offers.product_family,
    first_offers.open_probability,
    first_offers.offer_reason,
    first_offers.offer_reason_zh

from newest_scores

inner join first_offers
    on newest_scores.customer_id = first_offers.customer_id
    and newest_scores.as_of_date = first_offers.as_of_date
