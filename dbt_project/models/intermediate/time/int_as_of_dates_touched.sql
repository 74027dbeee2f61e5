with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

)

select
    as_of_date,
    cut_off_at,
    is_scoring_date

from as_of_dates

where is_touched
