with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

answers as (

    select * from {{ ref('stg_survey__answers') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

answers_resolved as (

    {{ resolved('answers', 'identities', [
        'answer_id',
        'question_code',
        'answer_code',
        'experience_score',
        'expectation_score',
        'answered_at',
    ]) }}

),

answers_dated as (

    select
        answer_id,
        customer_id,
        question_code,
        answer_code,
        experience_score,
        expectation_score,
        experience_score - expectation_score as satisfaction_gap,
        cast(answered_at as date) as answered_date,
        answered_at,
        known_at,
        superseded_at

    from answers_resolved

)

select
    answers_dated.customer_id,
    as_of_dates.as_of_date,
    {{ last_answer('answers_dated', 'risk_tolerance') }} as risk_tolerance,
    {{ last_answer('answers_dated', 'preferred_channel') }} as preferred_channel,
    {{ last_answer('answers_dated', 'financial_knowledge') }} as financial_knowledge,
    {{ last_answer('answers_dated', 'life_value') }} as life_value,
    count(*) filter (
        where
        answers_dated.experience_score is not null
        and {{ is_in_last_days(
            'answers_dated.answered_date', 365, 'as_of_dates.as_of_date'
        ) }}
    ) as score_count_365d,
    avg(answers_dated.experience_score) filter (
        where {{ is_in_last_days(
            'answers_dated.answered_date', 365, 'as_of_dates.as_of_date'
        ) }}
    ) as experience_score_mean_365d,
    avg(answers_dated.satisfaction_gap) filter (
        where {{ is_in_last_days(
            'answers_dated.answered_date', 365, 'as_of_dates.as_of_date'
        ) }}
    ) as satisfaction_gap_mean_365d

from answers_dated

inner join as_of_dates
    on {{ is_known_at('answers_dated', 'answered_date', 'as_of_dates') }}

group by all
