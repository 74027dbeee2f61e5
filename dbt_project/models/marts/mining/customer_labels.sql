{{ config(pre_hook='{{ name_columns_of_families() }}', **kept_by_snapshot(also_changed=[
    'as_of_date in (select as_of_date from intermediate.int_outcomes_touched)',
    'customer_id in (select customer_id from intermediate.int_customers_touched)',
])) }}

with

features as (

    select * from {{ ref('customer_features') }}

),

customer_months as (

    select * from {{ ref('customer_months') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

transactions as (

    select * from {{ ref('transactions') }}

),

outcome_days as (

    select * from {{ ref('int_outcome_days') }}

),

still_open as (

    select * from {{ ref('int_open_accounts_observed_to_snapshots') }}

),

openings as (

    select * from {{ ref('int_openings_observed_to_snapshots') }}

),

levels as (

    select * from {{ ref('int_levels_observed_to_snapshots') }}

),

outcomes_touched as (

    select * from {{ ref('int_outcomes_touched') }}

),

customers_touched as (

    select * from {{ ref('int_customers_touched') }}

),

-- Days that belong to the same outcomes are as good as one.
active_days as (

    select distinct
        transactions.customer_id,
        outcome_days.enters_as_of_date,
        outcome_days.leaves_as_of_date

    from transactions

    inner join outcome_days
        on cast(transactions.occurred_at as date) = outcome_days.calendar_date

    -- Said twice, here and below, so that a night need not tell all days of history.
    where
        transactions.initiative = 'customer'
        and (
            transactions.occurred_at >= (
                select min(outcomes_touched.as_of_date) from outcomes_touched
            )
            or transactions.customer_id in (
                select customers_touched.customer_id from customers_touched
            )
        )

),

still_active as (

    select distinct
        active_days.customer_id,
        as_of_dates.as_of_date

    from active_days

    inner join as_of_dates
        on active_days.enters_as_of_date <= as_of_dates.as_of_date
        and active_days.leaves_as_of_date > as_of_dates.as_of_date

    where {{ is_outcome_observed(
        'active_days.customer_id',
        'as_of_dates.as_of_date',
        'outcomes_touched',
        'customers_touched',
    ) }}

),

eligible_customers as (

    select
        customer_id,
        as_of_date

    from features

    where
        open_account_count > 0
        and tenure_days >= {{ of_use_case('churn', 'min_tenure_days') }}
        and customer_event_count_365d
        >= {{ of_use_case('churn', 'min_events_365d') }}
        and customer_event_count_90d >= {{ of_use_case('churn', 'min_events_90d') }}

),

growth_eligible_customers as (

    select
        features.customer_id,
        features.as_of_date,
        customer_months.pyramid_level,
        {{ add_days('features.as_of_date', '-customer_months.unused_days') }}
            as last_used_date

    from features

    inner join customer_months
        on features.customer_id = customer_months.customer_id
        and features.as_of_date = customer_months.as_of_date

    where
        customer_months.pyramid_level in ('low', 'mid')
        and features.open_account_count > 0
        and features.tenure_days >= {{ of_use_case('growth', 'min_tenure_days') }}

),

-- Whoever has used nothing for that long is inactive, whatever the balance.
still_unused as (

    select
        eligible.customer_id,
        eligible.as_of_date

    from growth_eligible_customers as eligible

    inner join levels
        on eligible.customer_id = levels.customer_id
        and eligible.as_of_date = levels.as_of_date
        and eligible.last_used_date < levels.used_from_date

    where
        levels.last_opened_date < levels.used_from_date
        and not exists (
            select transactions.customer_id

            from transactions

            where
                transactions.customer_id = eligible.customer_id
                and transactions.initiative = 'customer'
                and transactions.occurred_at
                >= greatest(eligible.as_of_date, levels.used_from_date)
                and transactions.occurred_at < levels.judged_date
        )

),

grown as (

    select
        eligible.customer_id,
        eligible.as_of_date,
        still_unused.customer_id is null
        and {{ pyramid_rank('levels.pyramid_level') }}
        > {{ pyramid_rank('eligible.pyramid_level') }} as has_grown

    from growth_eligible_customers as eligible

    inner join levels
        on eligible.customer_id = levels.customer_id
        and eligible.as_of_date = levels.as_of_date

    left join still_unused
        on eligible.customer_id = still_unused.customer_id
        and eligible.as_of_date = still_unused.as_of_date

)

select
    features.customer_id,
    features.as_of_date,
    eligible_customers.customer_id is not null as is_churn_eligible,
    {{ add_days('features.as_of_date', days_until_known('churn')) }}
        as churn_label_known_date,
    case
        when
            eligible_customers.customer_id is not null
            and {{ add_days('features.as_of_date', days_until_known('churn')) }}
            <= as_of_dates.observed_until_date
            and not coalesce(as_of_dates.has_feature_gap, false)
            and not coalesce(as_of_dates.has_churn_gap, false)
            then still_active.customer_id is null or still_open.customer_id is null
    end as has_churned_90d,
    {{ add_days('features.as_of_date', days_until_known('cross_sell')) }}
        as cross_sell_label_known_date,
    {% for family in offered_families() %}
        {{ has_opened(family, 'features', 'as_of_dates', 'openings') }}
            as has_opened_{{ family }}_90d,
    {% endfor %}
    growth_eligible_customers.customer_id is not null as is_growth_eligible,
    {{ add_days('features.as_of_date', days_until_known('growth')) }}
        as growth_label_known_date,
    case
        when
            {{ add_days('features.as_of_date', days_until_known('growth')) }}
            <= as_of_dates.observed_until_date
            and not coalesce(as_of_dates.has_feature_gap, false)
            and not coalesce(as_of_dates.has_growth_gap, false)
            then grown.has_grown
    end as has_grown_180d

from features

inner join as_of_dates
    on features.as_of_date = as_of_dates.as_of_date

left join eligible_customers
    on features.customer_id = eligible_customers.customer_id
    and features.as_of_date = eligible_customers.as_of_date

left join still_active
    on features.customer_id = still_active.customer_id
    and features.as_of_date = still_active.as_of_date

left join still_open
    on features.customer_id = still_open.customer_id
    and features.as_of_date = still_open.as_of_date

left join openings
    on features.customer_id = openings.customer_id
    and features.as_of_date = openings.as_of_date

left join growth_eligible_customers
    on features.customer_id = growth_eligible_customers.customer_id
    and features.as_of_date = growth_eligible_customers.as_of_date

left join grown
    on features.customer_id = grown.customer_id
    and features.as_of_date = grown.as_of_date

where {{ is_outcome_observed(
    'features.customer_id',
    'features.as_of_date',
    'outcomes_touched',
    'customers_touched',
) }}
