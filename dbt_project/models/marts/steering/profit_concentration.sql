{{ config(**kept_by_snapshot()) }}

with

customer_months as (

    select * from {{ ref('customer_months') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

ranked as (

    select
        as_of_date,
        contribution_cny,
        -- Twentieths of the customers, the most profitable first.
        cast(
            ceil(
                contribution_rank * 20.0 / count(*) over (partition by as_of_date)
            ) as integer
        ) as twentieth

    from customer_months

    where as_of_date in (select as_of_dates.as_of_date from as_of_dates)

),

summed as (

    select
        as_of_date,
        twentieth,
        cast(count(*) as integer) as customer_count,
        sum(contribution_cny) as contribution_cny

    from ranked

    group by all

),

cumulated as (

    select
        as_of_date,
        twentieth,
        customer_count,
        contribution_cny,
        sum(customer_count) over up_to as customer_count_up_to,
        sum(customer_count) over in_all as customer_count_in_all,
        sum(contribution_cny) over up_to as contribution_up_to_cny,
        sum(contribution_cny) over in_all as contribution_in_all_cny

    from summed

    window
        in_all as (partition by as_of_date),
        up_to as (
            partition by as_of_date order by twentieth asc nulls last
            rows between unbounded preceding and current row
        )

)

select
    as_of_date,
    twentieth,
    customer_count,
    cast(contribution_cny as decimal(18, 2)) as contribution_cny,
    cast(customer_count_up_to as double) / customer_count_in_all
        as cumulative_customer_share,
    case
        when contribution_in_all_cny > 0
            then cast(contribution_up_to_cny as double) / contribution_in_all_cny
    end as cumulative_contribution_share

from cumulated
