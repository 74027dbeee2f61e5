with

delivery_checks as (

    select * from {{ ref('stg_ops__delivery_checks') }}

),

checks_summed_to_dates as (

    select
        source,
        business_date,
        principle,
        sum(check_count) as check_count,
        sum(failed_count) as failed_count

    from delivery_checks

    group by all

)

select
    source,
    business_date,
    principle,
    cast(1 - failed_count / check_count as double) as score,
    cast(check_count as integer) as check_count,
    cast(failed_count as integer) as failed_count

from checks_summed_to_dates

where check_count > 0
