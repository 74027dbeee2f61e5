{{ config(**kept_by_snapshot()) }}

with

customer_months as (

    select * from {{ ref('customer_months') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

cumulated as (

    select
        as_of_date,
        tier,
        pyramid_level,
        contribution_cny,
        sum(contribution_cny) over (partition by as_of_date) as profit_cny,
        -- What the more profitable bring.
        sum(contribution_cny) over (
            partition by as_of_date order by contribution_rank asc nulls last
            rows between unbounded preceding and current row
        ) - contribution_cny as profit_before_cny

    from customer_months

    where as_of_date in (select as_of_dates.as_of_date from as_of_dates)

),

placed as (

    select
        as_of_date,
        tier,
        pyramid_level,
        contribution_cny,
        case
            when profit_cny > 0 and profit_before_cny < profit_cny
                then cast(
                    floor(
                        cast(profit_before_cny * 5 as double)
                        / cast(profit_cny as double)
                    ) + 1 as integer
                )
        end as profit_fifth

    from cumulated

)

select
    as_of_date,
    profit_fifth,
    pyramid_level,
    tier,
    cast(count(*) as integer) as customer_count,
    cast(sum(contribution_cny) as decimal(18, 2)) as contribution_cny

from placed

group by as_of_date, profit_fifth, pyramid_level, tier
