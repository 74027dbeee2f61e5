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
        -- Null without a queue system: a wait that was not measured was not short.
        sum(cast(transactions.branch_wait_minutes > 30 as integer))
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

channels_seen as (

    select distinct
        cast(date_trunc('month', occurred_at) as date) as month_date,
        channel

    from transactions

    {% if is_kept() %}
        where
            date_trunc('month', occurred_at) in (
                select months_touched.month_date from months_touched
            )
    {% endif %}

),

-- Where a channel gave not one event in a month, nothing is known of its touchpoints.
observed as (

    select distinct
        channels_seen.month_date,
        touchpoint_events.touchpoint

    from channels_seen

    inner join touchpoint_events
        on channels_seen.channel = touchpoint_events.channel
        and channels_seen.month_date >= touchpoint_events.valid_from
        and channels_seen.month_date < touchpoint_events.valid_to

),

months as (

    select distinct month_date from channels_seen

)

-- All 28 in every month: a touchpoint that was not used has 0 contacts, one that no
-- source observes has null.
select
    months.month_date,
    phases.touchpoint,
    phases.touchpoint_zh,
    phases.phase,
    phases.phase_order,
    phases.contact_class,
    phases.key_point,
    phases.key_point is not null as is_key_point,
    observed.touchpoint is not null as is_observed,
    case
        when observed.touchpoint is not null
            then cast(coalesce(contacts.contact_count, 0) as integer)
    end as contact_count,
    case
        when observed.touchpoint is not null
            then cast(coalesce(contacts.customer_count, 0) as integer)
    end as customer_count,
    contacts.branch_wait_minutes_mean,
    cast(contacts.branch_wait_over_30_minutes_count as integer)
        as branch_wait_over_30_minutes_count,
    cast(answers.score_count as integer) as score_count,
    answers.experience_score_mean,
    answers.expectation_score_mean,
    answers.satisfaction_gap_mean

from months

inner join phases
    on months.month_date >= phases.valid_from
    and months.month_date < phases.valid_to

left join observed
    on months.month_date = observed.month_date
    and phases.touchpoint = observed.touchpoint

left join contacts
    on months.month_date = contacts.month_date
    and phases.touchpoint = contacts.touchpoint

left join answers
    on months.month_date = answers.month_date
    and phases.touchpoint = answers.touchpoint
