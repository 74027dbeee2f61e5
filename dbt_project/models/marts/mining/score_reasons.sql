with

reasons as (

    select * from {{ ref('stg_ml__score_reasons') }}

),

wordings as (

    select * from {{ ref('int_reasons_worded') }}

)

select
    reasons.use_case,
    reasons.customer_id,
    reasons.as_of_date,
    reasons.product_family,
    reasons.reason_rank,
    reasons.concept,
    reasons.level,
    wordings.text_en as reason,
    wordings.text_zh as reason_zh,
    reasons.attribution,
    reasons.run_id

from reasons

left join wordings
    on reasons.concept = wordings.concept
    and reasons.level = wordings.level
