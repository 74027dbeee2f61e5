with

source as (

    {{ accepted_rows('survey', 'answers') }}

),

renamed as (

    select

        ---------- ids
        'survey:' || answer_number as answer_id,
        survey_code as survey_id,
        customer_number as customer_id,
        delivery_id,

        ---------- strings
        question_code,
        answer_code,

        ---------- numerics
        experience_score,
        expectation_score,

        ---------- timestamps
        answered_at,
        known_at,
        superseded_at

    from source

)

select * from renamed
