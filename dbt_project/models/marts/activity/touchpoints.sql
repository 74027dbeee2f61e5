{{ config(**kept_by_month()) }}

with

phases as (

    {{ dated(ref('touchpoint_phases'), ['touchpoint']) }}

),

touchpoint_events as (

    {{ dated(ref('touchpoint_events'), ['channel', 'event_type']) }}

),

transactions as (

    select * from {{ ref('transactions') }}

),

answers as (

    select * from {{ ref('int_answers_summed_to_touchpoint_months') }}

),

months_touched as (

    select * from {{ ref('int_months_touched') }}

),

contacts as (

    select
        cast(date_trunc('month', transactions.occurred_at) as date) as month_date,
        touchpoint_events.touchpoint,
        count(*) as contact_count,
        count(distinct transactions.customer_id) as customer_count,
        {{ mean_wait_minutes('transactions.branch_wait_minutes') }}
            as branch_wait_minutes_mean,
        count(*) filter (where transactions.branch_wait_minutes > 30)
            as branch_wait_over_30_minutes_count

    from transactions

    inner join touchpoint_events
        on transactions.channel = touchpoint_events.channel
        and transactions.event_type = touchpoint_events.event_type
        and transactions.occurred_at >= touchpoint_events.valid_from
        and transactions.occurred_at < touchpoint_events.valid_to

    where
        transactions.customer_id is not null
        {% if is_kept() %}
            and date_trunc('month', transactions.occurred_at) in (
                select months_touched.month_date from months_touched
            )
        {% endif %}

    group by all

),

months as (

    select distinct month_date from contacts

)

-- All 28 in every month: a touchpoint that nobody uses, or no source tells of, shows.
select
    months.month_date,
    phases.touchpoint,
    phases.phase,
    phases.phase_order,
    phases.contact_class,
    phases.is_key_point,
    cast(coalesce(contacts.contact_count, 0) as integer) as contact_count,
    cast(coalesce(contacts.customer_count, 0) as integer) as customer_count,
    contacts.branch_wait_minutes_mean,
    cast(coalesce(contacts.branch_wait_over_30_minutes_count, 0) as integer)
        as branch_wait_over_30_minutes_count,
    cast(coalesce(answers.score_count, 0) as integer) as score_count,
    answers.experience_score_mean,
    answers.expectation_score_mean

from months

inner join phases
    on months.month_date >= phases.valid_from
    and months.month_date < phases.valid_to

left join contacts
    on months.month_date = contacts.month_date
    and phases.touchpoint = contacts.touchpoint

left join answers
    on months.month_date = answers.month_date
    and phases.touchpoint = answers.touchpoint
