with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

delivery_checks as (

    select * from {{ ref('stg_ops__delivery_checks') }}

),

principles_scored as (

    select
        as_of_dates.as_of_date,
        delivery_checks.source,
        delivery_checks.principle,
        1 - sum(delivery_checks.failed_count) / sum(delivery_checks.check_count)
            as score

    from as_of_dates

    inner join delivery_checks
        on {{ is_in_last_days(
            'delivery_checks.business_date', 365, 'as_of_dates.as_of_date'
        ) }}

    group by all

)

select
    as_of_date,
    source,
    min(score) as score

from principles_scored

group by all
