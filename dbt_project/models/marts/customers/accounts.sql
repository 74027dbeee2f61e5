with

accounts as (

    select * from {{ ref('int_accounts_valued') }}

),

transactions as (

    select * from {{ ref('transactions') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

today as (

    select
        as_of_dates.as_of_date,
        rules.loyalty_inactive_days as inactive_days

    from as_of_dates

    inner join rules
        on as_of_dates.as_of_date = rules.as_of_date

    where as_of_dates.is_scoring_date

),

observed as (

    select min(cast(occurred_at as date)) as observed_since_date

    from transactions

),

-- Interest and fees use no account: a person does.
uses as (

    select
        account_id,
        max(cast(occurred_at as date)) as last_used_date

    from transactions

    where
        account_id is not null
        and initiative = 'customer'

    group by account_id

),

-- Unused for so long can only be said of days that were observed.
used as (

    select
        accounts.account_id,
        uses.last_used_date,
        case
            when accounts.is_open and observed.observed_since_date is not null
                then greatest(
                    {{ days_between(
                        later_of(
                            later_of('accounts.opened_date', 'uses.last_used_date'),
                            'observed.observed_since_date'
                        ),
                        'today.as_of_date'
                    ) }},
                    0
                )
        end as unused_days,
        today.inactive_days

    from accounts

    cross join observed

    left join today
        on true

    left join uses
        on accounts.account_id = uses.account_id

)

select
    accounts.account_id,
    accounts.customer_id,
    accounts.product_code,
    accounts.product_family,
    accounts.currency_code,
    accounts.opened_date,
    accounts.closed_date,
    accounts.is_open,
    case
        when not accounts.is_open then 'closed'
        when used.unused_days >= used.inactive_days then 'dormant'
        else 'active'
    end as account_state,
    used.last_used_date,
    cast(used.unused_days as integer) as unused_days,
    accounts.balance,
    accounts.balance_cny,
    accounts.balance_date

from accounts

inner join used
    on accounts.account_id = used.account_id
