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
    as_of_dates.as_of_date >= touched.touched_from_date as is_touched

from as_of_dates

cross join touched
