with

answers as (

    select * from {{ ref('stg_survey__answers') }}

),

touchpoint_questions as (

    {{ dated(ref('touchpoint_questions'), ['question_code']) }}

)

select
    cast(date_trunc('month', answers.answered_at) as date) as month_date,
    touchpoint_questions.touchpoint,
    count(answers.experience_score) as score_count,
    avg(answers.experience_score) as experience_score_mean,
    avg(answers.expectation_score) as expectation_score_mean,
    avg(answers.experience_score - answers.expectation_score) as satisfaction_gap_mean

from answers

inner join touchpoint_questions
    on answers.question_code = touchpoint_questions.question_code
    and answers.answered_at >= touchpoint_questions.valid_from
    and answers.answered_at < touchpoint_questions.valid_to

where answers.superseded_at is null

group by all
