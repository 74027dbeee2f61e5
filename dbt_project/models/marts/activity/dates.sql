with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

observed as (

    select
        min(as_of_date) - interval 1 month as first_date,
        max(as_of_date) as last_date

    from as_of_dates

),

days as (

    select {{ days_from_to('first_date', 'last_date') }} as calendar_date

    from observed

)

select
    days.calendar_date,
    cast(extract(year from days.calendar_date) as integer) as year_number,
    cast(extract(quarter from days.calendar_date) as integer) as quarter_number,
    cast(extract(month from days.calendar_date) as integer) as month_number,
    cast({{ weekday_number('days.calendar_date') }} as integer) as weekday_number,
    {{ weekday_number('days.calendar_date') }} > 5 as is_weekend,
    {{ add_days('days.calendar_date', 1) }}
    = cast(date_trunc('month', {{ add_days('days.calendar_date', 1) }}) as date)
        as is_month_end,
    as_of_dates.as_of_date is not null as has_snapshot

from days

left join as_of_dates
    on days.calendar_date = as_of_dates.as_of_date
