with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

balances as (

    select * from {{ ref('int_balances_converted') }}

),

accounts as (

    select * from {{ ref('int_accounts_current') }}

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

outcomes_touched as (

    select * from {{ ref('int_outcomes_touched') }}

),

customers_touched as (

    select * from {{ ref('int_customers_touched') }}

),

standing_balances as (

    select
        account_id,
        balance_date,
        balance_cny

    from balances

    where superseded_at is null

),

delivered_dates as (

    select distinct balance_date from standing_balances

),

outcomes as (

    select
        as_of_date,
        {{ add_days('as_of_date', days_until_known('growth')) }} as judged_date

    from as_of_dates

),

-- Balances come at least once a month: where none is as new as that, one is missing.
outcomes_with_balances as (

    select
        outcomes.as_of_date,
        outcomes.judged_date,
        max(delivered_dates.balance_date) as balance_date

    from outcomes

    inner join delivered_dates
        on outcomes.judged_date > delivered_dates.balance_date
        and {{ days_between('delivered_dates.balance_date', 'outcomes.judged_date') }}
        <= {{ of_use_case('growth', 'max_balance_age_days') }}

    group by all

),

-- Whose numbers were all given to another customer has no account, and so no level.
summed as (

    select
        accounts.customer_id,
        outcomes.as_of_date,
        outcomes.judged_date,
        max(accounts.opened_date) as last_opened_date,
        coalesce(
            sum(standing_balances.balance_cny) filter (
                where
                accounts.closed_date >= outcomes.judged_date
                and not {{ is_owed(
                    'accounts.product_family', 'standing_balances.balance_cny'
                ) }}
            ), 0
        ) as relationship_balance_cny

    from outcomes_with_balances as outcomes

    inner join accounts
        on outcomes.judged_date > accounts.opened_date

    left join standing_balances
        on accounts.account_id = standing_balances.account_id
        and outcomes.balance_date = standing_balances.balance_date

    where {{ is_outcome_observed(
        'accounts.customer_id',
        'outcomes.as_of_date',
        'outcomes_touched',
        'customers_touched',
    ) }}

    group by all

),

lines as (

    {{ pyramid_lines('rules') }}

)

select
    summed.customer_id,
    summed.as_of_date,
    summed.judged_date,
    {{ pyramid_level('summed.relationship_balance_cny', 'false', 'lines') }}
        as pyramid_level,
    -- Whoever used nothing from this day on is inactive.
    {{ add_days('summed.judged_date', '1 - cast(rules.loyalty_inactive_days as int)') }}
        as used_from_date,
    summed.last_opened_date

from summed

inner join lines
    on summed.judged_date = lines.as_of_date

inner join rules
    on summed.judged_date = rules.as_of_date
