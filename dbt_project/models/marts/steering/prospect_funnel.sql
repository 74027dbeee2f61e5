with

prospects as (

    select * from {{ ref('prospects') }}

),

counted as (

    select
        cast(date_trunc('month', reported_date) as date) as month_date,
        introduced_by,
        reported_stage as loyalty_stage,
        has_contact_consent,
        count(*) as person_count,
        count(*) filter (where was_customer_before) as customer_before_count,
        count(became_customer_date) as became_customer_count,
        avg(
            cast(
                {{ days_between('reported_date', 'became_customer_date') }} as bigint
            )
        ) as days_to_customer_mean

    from prospects

    group by all

)

select
    month_date,
    introduced_by,
    loyalty_stage,
    has_contact_consent,
    cast(person_count as integer) as person_count,
    cast(customer_before_count as integer) as customer_before_count,
    cast(became_customer_count as integer) as became_customer_count,
    cast(became_customer_count as double)
    / nullif(person_count - customer_before_count, 0) as conversion_rate,
    cast(days_to_customer_mean as double) as days_to_customer_mean

from counted
