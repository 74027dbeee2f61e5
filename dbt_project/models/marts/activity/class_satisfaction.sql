with

answers as (

    select * from {{ ref('stg_survey__answers') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

answers_resolved as (

    {{ resolved(
        'answers',
        'identities',
        ['question_code', 'answered_at', 'experience_score', 'expectation_score'],
    ) }}

),

customer_months as (

    select * from {{ ref('customer_months') }}

),

touchpoint_questions as (

    {{ dated(ref('touchpoint_questions'), ['question_code']) }}

),

-- Class and tier are those of the month's first day, before anything was answered.
scored as (

    select
        cast(date_trunc('month', answers_resolved.answered_at) as date) as month_date,
        customer_months.structure_class,
        customer_months.tier,
        touchpoint_questions.touchpoint,
        answers_resolved.customer_id,
        answers_resolved.experience_score,
        answers_resolved.expectation_score,
        answers_resolved.experience_score
        - answers_resolved.expectation_score as satisfaction_gap

    from answers_resolved

    inner join customer_months
        on answers_resolved.customer_id = customer_months.customer_id
        and date_trunc('month', answers_resolved.answered_at)
        = customer_months.as_of_date

    left join touchpoint_questions
        on answers_resolved.question_code = touchpoint_questions.question_code
        and answers_resolved.answered_at >= touchpoint_questions.valid_from
        and answers_resolved.answered_at < touchpoint_questions.valid_to

    where
        answers_resolved.superseded_at is null
        and answers_resolved.experience_score is not null
        and answers_resolved.expectation_score is not null

),

grouped as (

    {% for grouping_name, group_name in [
        ('all', "'all'"), ('tier', 'tier'), ('touchpoint', 'touchpoint')
    ] %}
        select
            month_date,
            structure_class,
            '{{ grouping_name }}' as grouping_name,
            {{ group_name }} as group_name,
            customer_id,
            experience_score,
            expectation_score,
            satisfaction_gap
        from scored
        {% if grouping_name == 'touchpoint' %}
            where touchpoint is not null
        {% endif %}
        {{ "union all" if not loop.last }}
    {% endfor %}

),

summed as (

    select
        month_date,
        structure_class,
        grouping_name,
        group_name,
        count(*) as answer_count,
        count(distinct customer_id) as customer_count,
        avg(experience_score) as experience_score_mean,
        avg(expectation_score) as expectation_score_mean,
        avg(satisfaction_gap) as satisfaction_gap_mean,
        sum(satisfaction_gap) as satisfaction_gap_sum

    from grouped

    group by month_date, structure_class, grouping_name, group_name

),

-- Few answer in one month: the level before is that of three months with answers.
compared as (

    select
        month_date,
        structure_class,
        grouping_name,
        group_name,
        answer_count,
        customer_count,
        experience_score_mean,
        expectation_score_mean,
        satisfaction_gap_mean,
        cast(sum(satisfaction_gap_sum) over before as double)
        / sum(answer_count) over before as satisfaction_gap_mean_before,
        min(satisfaction_gap_mean) over (
            partition by month_date, grouping_name, group_name
        ) as least_gap_mean,
        count(*) over (
            partition by month_date, grouping_name, group_name
        ) as class_count

    from summed

    window
        before as (
            partition by structure_class, grouping_name, group_name
            order by month_date asc nulls last
            rows between 3 preceding and 1 preceding
        )

)

select
    month_date,
    structure_class,
    grouping_name,
    group_name,
    cast(answer_count as integer) as answer_count,
    cast(customer_count as integer) as customer_count,
    experience_score_mean,
    expectation_score_mean,
    satisfaction_gap_mean,
    satisfaction_gap_mean - satisfaction_gap_mean_before
        as satisfaction_gap_change,
    structure_class = 'key'
    and class_count > 1
    and satisfaction_gap_mean = least_gap_mean as is_alert

from compared
