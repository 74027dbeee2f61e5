with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

source_days as (

    select * from {{ ref('stg_ops__source_days') }}

)

-- A day that its source has usually not brought by then is not owed yet.
select
    as_of_dates.as_of_date,
    source_days.source,
    count(*) as owed_count,
    sum(
        case
            when source_days.known_at <= as_of_dates.cut_off_at then 1
            else 0
        end
    ) as known_count

from as_of_dates

inner join source_days
    on as_of_dates.as_of_date >= source_days.expected_date
    and {{ is_in_last_days(
        'source_days.business_date', 365, 'as_of_dates.as_of_date'
    ) }}

group by as_of_dates.as_of_date, source_days.source
