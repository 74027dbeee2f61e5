with

balances as (

    select * from {{ ref('int_balances_summed_to_snapshots') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

paths as (

    select
        customer_id,
        as_of_date,
        total_balance_cny,
        first_value(total_balance_cny) over last_180_days as first_balance_cny,
        first_value(as_of_date) over last_180_days as first_as_of_date,
        max(total_balance_cny) over last_180_days as highest_balance_cny,
        min(total_balance_cny) over last_180_days as lowest_balance_cny

    from balances

    where
        as_of_date >= (
            select {{ add_days('min(as_of_dates.as_of_date)', -180) }} from as_of_dates
        )

    window last_180_days as (
        partition by customer_id order by as_of_date asc nulls last
        range between interval 180 days preceding and current row
    )

)

select
    customer_id,
    as_of_date,
    (total_balance_cny - first_balance_cny)
    / nullif({{ days_between('first_as_of_date', 'as_of_date') }}, 0)
        as total_balance_slope_180d_cny,
    highest_balance_cny - lowest_balance_cny as total_balance_range_180d_cny,
    case
        when highest_balance_cny > 0 then 1 - total_balance_cny / highest_balance_cny
    end as total_balance_drawdown_180d

from paths

where as_of_date in (select as_of_dates.as_of_date from as_of_dates)
