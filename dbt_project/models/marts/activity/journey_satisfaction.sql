with

answers as (

    select * from {{ ref('stg_survey__answers') }}

),

standing_scores as (

    select
        cast(date_trunc('month', answered_at) as date) as month_date,
        question_code,
        customer_id,
        experience_score,
        expectation_score

    from answers

    where
        superseded_at is null
        and experience_score is not null

)

select
    month_date,
    question_code,
    cast(count(*) as integer) as answer_count,
    cast(count(distinct customer_id) as integer) as customer_count,
    avg(experience_score) as experience_score_mean,
    avg(expectation_score) as expectation_score_mean,
    avg(experience_score - expectation_score) as satisfaction_gap_mean,
    cast(count(*) filter (where experience_score < expectation_score) as double)
    / nullif(count(expectation_score), 0) as disappointed_share

from standing_scores

group by month_date, question_code
