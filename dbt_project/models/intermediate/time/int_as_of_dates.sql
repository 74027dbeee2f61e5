{# A table: read everywhere, and a few dozen rows must not read every delivery again. #}
{{ config(materialized='table') }}

with

deliveries as (

    select * from {{ ref('stg_ops__accepted_deliveries') }}

),

event_initiatives as (

    select * from {{ ref('event_initiatives') }}

),

built_snapshots as (

    select * from {{ ref('stg_ops__built_snapshots') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

),

source_days as (

    select * from {{ ref('stg_ops__source_days') }}

),

-- Registers may go on for years after the last event: no snapshot is taken of those.
event_sources as (

    select
        source,
        min(business_date) as first_business_date,
        max(business_date) as last_business_date

    from deliveries

    where source in (select event_initiatives.source from event_initiatives)

    group by all

),

observed as (

    select
        {{ add_days('min(first_business_date)', 1) }} as first_date,
        {{ add_days('max(last_business_date)', 1) }} as scoring_date,
        -- Until here every source has told what happened.
        {{ add_days('min(last_business_date)', 1) }} as observed_until_date

    from event_sources

),

days as (

    select
        {{ days_from_to('first_date', 'scoring_date') }} as as_of_date,
        scoring_date,
        observed_until_date

    from observed

),

as_of_dates as (

    select
        as_of_date,
        cast(as_of_date as timestamp) + interval {{ var('cut_off_hours') }} hour
            as cut_off_at,
        as_of_date = scoring_date as is_scoring_date,
        observed_until_date

    from days

    where
        extract(day from as_of_date) = 1
        or as_of_date = scoring_date

),

-- What was not delivered is unknown: of the days that features look back on, at the
-- snapshot's cut-off; of the days of an outcome, until a late file brings them.
lacking as (

    select
        as_of_dates.as_of_date,
        coalesce(
            bool_or(
                as_of_dates.as_of_date >= source_days.lacked_from_date
                and as_of_dates.as_of_date <= source_days.lacked_until_date
            ), false
        ) as has_feature_gap,
        {{ has_outcome_gap('churn', 'source_days', 'as_of_dates.as_of_date') }}
            as has_churn_gap,
        {{ has_outcome_gap('cross_sell', 'source_days', 'as_of_dates.as_of_date') }}
            as has_cross_sell_gap,
        {{ has_outcome_gap('growth', 'source_days', 'as_of_dates.as_of_date') }}
            as has_growth_gap

    from as_of_dates

    left join source_days
        on source_days.lacked_from_date <= source_days.lacked_until_date
        or source_days.known_at is null

    group by as_of_dates.as_of_date

),

-- A snapshot may look back at those before it, so all from the first on are touched.
-- Where history is missing, that is the very first.
touched as (

    select
        min(coalesce(as_of_dates.as_of_date, built_snapshots.as_of_date))
            as touched_from_date

    from as_of_dates

    full join built_snapshots
        on as_of_dates.as_of_date = built_snapshots.as_of_date

    where
        {{ is_history_wanted() | lower }}
        or as_of_dates.as_of_date is null
        or built_snapshots.as_of_date is null
        or as_of_dates.is_scoring_date
        or as_of_dates.cut_off_at >= (
            select min(changed_deliveries.known_from) from changed_deliveries
        )

)

select
    as_of_dates.as_of_date,
    as_of_dates.cut_off_at,
    as_of_dates.is_scoring_date,
    as_of_dates.observed_until_date,
    touched.touched_from_date,
    as_of_dates.as_of_date >= touched.touched_from_date as is_touched,
    lacking.has_feature_gap,
    lacking.has_churn_gap,
    lacking.has_cross_sell_gap,
    lacking.has_growth_gap,
    case when lacking.has_feature_gap then 'features ' else '' end
    || case when lacking.has_churn_gap then 'churn ' else '' end
    || case when lacking.has_cross_sell_gap then 'cross_sell ' else '' end
    || case when lacking.has_growth_gap then 'growth ' else '' end as gaps

from as_of_dates

inner join lacking
    on as_of_dates.as_of_date = lacking.as_of_date

cross join touched
