with recursive
initiatives as (from read_csv('{seeds}/event_initiatives.csv')),
rates as (from read_csv('{seeds}/exchange_rates.csv')),
product_families as (from read_csv('{seeds}/product_families.csv')),
events as (
    select
        'atm' as source, event_type, card_number as identifier, occurred_at, amount,
        currency_code, null as wait
    from raw.atm
    union all
    select
        'branch', event_type, coalesce(customer_number, account_number), occurred_at,
        amount, currency_code, date_diff('second', ticket_taken_at, called_at)
    from raw.branch
    union all
    select
        'card', event_type, coalesce(card_number, account_number), occurred_at, amount,
        currency_code, null
    from raw.card
    union all
    select
        'online', event_type, coalesce(login_name, account_number), occurred_at, amount,
        currency_code, null
    from raw.online
    union all
    select
        'phone', event_type, coalesce(customer_number, phone_number), occurred_at, null,
        null, null
    from raw.phone
    union all
    select
        'core_postings', event_type, account_number, occurred_at, amount, currency_code,
        null
    from raw.core_postings
),
as_of_dates as (
    select cast(unnest(generate_series(
        min(date_trunc('month', occurred_at)) + interval 1 month,
        max(cast(occurred_at as date)) + 1, interval 1 month
    )) as date) as as_of_date
    from raw.atm
    union
    select max(cast(occurred_at as date)) + 1 from raw.atm
),
calendar as (
    select
        day,
        min(as_of_date) filter (as_of_date > day) as enters,
        coalesce(min(as_of_date) filter (as_of_date > day + 30), '9999-12-31') as l30,
        coalesce(min(as_of_date) filter (as_of_date > day + 90), '9999-12-31') as l90,
        coalesce(min(as_of_date) filter (as_of_date > day + 180), '9999-12-31') as l180,
        coalesce(min(as_of_date) filter (as_of_date > day + 365), '9999-12-31') as l365
    from (
        select cast(unnest(generate_series(
            timestamp '1990-01-01', cast(max(as_of_date) as timestamp), interval 1 day
        )) as date) as day from as_of_dates
    ) cross join as_of_dates
    group by day
),
rates_by_day as (
    select day, wanted.currency_code, rate_to_cny
    from (select day, currency_code from calendar cross join (
        select distinct currency_code from rates
    )) as wanted
    asof join rates
        on wanted.currency_code = rates.currency_code and wanted.day >= rates.valid_from
),
stated_links as (
    select card_number as identifier, customer_number, changed_date
    from raw.core_accounts
    union all
    select account_number, customer_number, changed_date
    from raw.core_accounts where role = 'owner'
    union all
    select login_name, customer_number, changed_date from raw.core_customers
    union all
    select customer_number, customer_number, changed_date from raw.core_customers
),
links as (
    select identifier, arg_max(customer_number, changed_date) as customer_number
    from stated_links group by identifier
),
valued as (
    select
        customer_number, source, event_type, initiative, calendar.*, wait,
        initiative = 'customer' as is_own,
        cast(100 * cast(amount * rate_to_cny as decimal(18, 2)) as double) as fen
    from events
    inner join links using (identifier)
    inner join calendar on cast(occurred_at as date) = day
    inner join initiatives using (source, event_type)
    -- Outer joins would make DuckDB hash the events instead of the rates.
    inner join rates_by_day
        on calendar.day = rates_by_day.day
        and coalesce(events.currency_code, 'CNY') = rates_by_day.currency_code
),
spans as materialized (
    select
        customer_number, enters, l30, l90, l180, l365,
        cast(count(*) filter (is_own) as double) as customer_event_count,
        cast(count(*) filter (is_own and source = 'atm') as double) as atm_event_count,
        cast(count(*) filter (is_own and source = 'branch') as double)
            as branch_event_count,
        cast(count(*) filter (is_own and source = 'card') as double)
            as card_event_count,
        cast(count(*) filter (is_own and source = 'online') as double)
            as online_event_count,
        cast(count(*) filter (is_own and source = 'phone') as double)
            as phone_event_count,
        cast(count(*) filter (initiative = 'automatic') as double)
            as automatic_event_count,
        cast(count(*) filter (event_type = 'complaint') as double) as complaint_count,
        cast(count(*) filter (event_type = 'standing_order') as double)
            as standing_order_count,
        cast(count(*) filter (event_type in ('salary', 'pension')) as double)
            as salary_count,
        coalesce(sum(fen) filter (event_type in ('salary', 'pension')), 0)
            as salary_amount_sum,
        coalesce(-sum(fen) filter (fen < 0), 0) as debit_amount_sum,
        coalesce(sum(fen) filter (fen > 0), 0) as credit_amount_sum,
        coalesce(-sum(fen) filter (event_type = 'fee'), 0) as fee_amount_sum,
        coalesce(sum(abs(fen)) filter (is_own), 0) as customer_amount_sum,
        cast(count(fen) filter (is_own) as double) as customer_amount_count,
        cast(count(*) filter (event_type = 'loan_instalment') as double)
            as loan_instalment_count,
        cast(count(wait) as double) as branch_wait_count,
        cast(coalesce(sum(wait), 0) as double) as branch_wait_seconds_sum,
        cast(count(*) filter (wait > 1800) as double)
            as branch_wait_over_30_minutes_count,
        bit_or(cast(1 as hugeint) << cast((day - date '1900-01-01') % 96 as integer))
            filter (is_own) as days,
        min(day) as first_day,
        max(day) filter (is_own) as last_customer_event,
        max(day) filter (is_own and source = 'atm') as last_atm_event,
        max(day) filter (is_own and source = 'branch') as last_branch_event,
        max(day) filter (is_own and source = 'card') as last_card_event,
        max(day) filter (is_own and source = 'online') as last_online_event,
        max(day) filter (is_own and source = 'phone') as last_phone_event,
        max(day) filter (initiative = 'automatic') as last_automatic_event,
        max(day) filter (event_type in ('salary', 'pension')) as last_salary,
        max(day) filter (event_type = 'standing_order') as last_standing_order,
        max(day) filter (event_type = 'complaint') as last_complaint
    from valued group by all
    -- What is next to each other is counted three times as fast.
    order by customer_number
),
windows as (
    select
        customer_number, as_of_date,
        bit_count(bit_or(case when w90 = 1 then days end))
            as customer_active_day_count_90d,
        {windows}
    from (
        select
            spans.*, as_of_date, cast(as_of_date < l30 as double) as w30,
            cast(as_of_date < l90 as double) as w90,
            cast(as_of_date < l180 as double) as w180
        from spans inner join as_of_dates on enters <= as_of_date and l365 > as_of_date
    )
    group by customer_number, as_of_date
),
snapshots as (
    select
        wanted.customer_number, as_of_date, registers.* exclude (customer_number)
    from (
        select * from (select distinct customer_number from raw.core_customers)
        cross join as_of_dates
    ) as wanted
    asof join raw.core_customers as registers
        on wanted.customer_number = registers.customer_number
        and wanted.as_of_date > registers.changed_date
    where registered_date < as_of_date
),
lives as (
    select
        customer_number, as_of_date,
        coalesce(sum(customer_event_count) over life, 0) as customer_event_count_ever,
        {days_since}
    from snapshots
    left join (
        select
            customer_number, enters as as_of_date,
            sum(customer_event_count) as customer_event_count, {last_days}
        from spans group by customer_number, enters
    ) as last_days using (customer_number, as_of_date)
    window life as (partition by customer_number order by as_of_date)
),
rhythms as (
    select
        customer_number, as_of_date, cast(observed as double) as observed_days,
        30 * rate as customer_event_count_per_30d_ever,
        usual_90d as customer_event_count_usual_90d,
        (count_30d - usual_30d) / sqrt(usual_30d + 0.5) as customer_event_deviation_30d,
        (count_90d - usual_90d) / sqrt(usual_90d + 0.5) as customer_event_deviation_90d,
        silent * rate as missed_event_count_ever,
        silent * usual_90d / 90 as missed_event_count_usual
    from (
        select
            *, (ever + 0.5) / (observed + 15) as rate,
            case when observed >= 60
                then 30 * (ever - count_30d + 0.5) / (observed - 30 + 15)
            end as usual_30d,
            case when observed >= 120
                then 90 * (ever - count_90d + 0.5) / (observed - 90 + 15)
            end as usual_90d
        from (
            select
                customer_number, as_of_date, customer_event_count_ever as ever,
                days_since_customer_event as silent,
                coalesce(customer_event_count_30d, 0) as count_30d,
                coalesce(customer_event_count_90d, 0) as count_90d,
                greatest(least(
                    as_of_date - registered_date,
                    as_of_date - (select min(first_day) from spans)
                ), 1) as observed
            from snapshots
            left join windows using (customer_number, as_of_date)
            left join lives using (customer_number, as_of_date)
        )
    )
),
stated_accounts as (
    select
        account_number, customer_number, product_family as family, opened_date,
        case
            when status = 'closed' then coalesce(closed_date, changed_date)
            else coalesce(closed_date, date '9999-12-31')
        end as closed_date, changed_date
    from raw.core_accounts inner join product_families using (product_code)
    where role = 'owner'
),
account_snapshots as (
    select
        wanted.account_number, as_of_date, stated.customer_number, family, opened_date,
        closed_date, opened_date < as_of_date as is_opened,
        opened_date < as_of_date and closed_date >= as_of_date as is_open
    from (
        select * from (select distinct account_number from stated_accounts)
        cross join as_of_dates
    ) as wanted
    asof join stated_accounts as stated
        on wanted.account_number = stated.account_number
        and wanted.as_of_date > stated.changed_date
),
holdings as (
    select
        customer_number, as_of_date,
        cast(count(*) filter (is_open) as double) as open_account_count,
        cast(as_of_date - max(opened_date) filter (is_opened) as double)
            as days_since_opening,
        cast(count(*) filter (is_opened and opened_date >= as_of_date - 365) as double)
            as account_opened_count_365d,
        cast(count(*) filter (
            closed_date < as_of_date and closed_date >= as_of_date - 365
        ) as double) as account_closed_count_365d,
        {holds}
    from account_snapshots group by customer_number, as_of_date
),
balance_dates as (
    select
        as_of_date,
        max(balance_date) filter (balance_date < as_of_date) as balance_date,
        max(balance_date) filter (balance_date < as_of_date - 90) as before_date
    from as_of_dates
    cross join (select distinct balance_date from raw.core_balances)
    group by as_of_date
),
valued_balances as (
    select
        account_number, balance_date,
        cast(balance * rate_to_cny as decimal(18, 2)) as cny
    from raw.core_balances as balances
    inner join rates_by_day
        on balances.balance_date = day
        and balances.currency_code = rates_by_day.currency_code
),
balances as (
    select
        customer_number, as_of_date,
        sum(cny) filter (is_latest and family in ('current_deposit', 'time_deposit'))
            as deposits,
        sum(cny) filter (is_latest and family in ('wealth', 'fund', 'insurance'))
            as invested,
        -sum(cny) filter (is_latest and family in ('credit_card', 'loan')) as owed,
        coalesce(sum(cny) filter (
            is_latest and family not in ('credit_card', 'loan')
        ), 0) as total,
        sum(cny) filter (not is_latest and family not in ('credit_card', 'loan'))
            as before,
        {balances}
    from (
        select as_of_date, balance_date, true as is_latest from balance_dates
        union all
        select as_of_date, before_date, false from balance_dates
    ) as wanted
    inner join valued_balances using (balance_date)
    inner join account_snapshots using (account_number, as_of_date)
    where closed_date >= as_of_date or not is_latest
    group by customer_number, as_of_date
),
paths as (
    select
        customer_number, as_of_date,
        (cast(total as double) - cast(first_value(total) over path as double))
        / nullif(as_of_date - first_value(as_of_date) over path, 0)
            as total_balance_slope_180d_cny,
        cast(max(total) over path as double) - cast(min(total) over path as double)
            as total_balance_range_180d_cny,
        case when max(total) over path > 0 then
            1 - cast(total as double) / cast(max(total) over path as double)
        end as total_balance_drawdown_180d
    from balances
    window path as (
        partition by customer_number order by as_of_date
        range between interval 180 days preceding and current row
    )
),
joint_accounts as (
    select
        snapshots.as_of_date, stated.account_number, snapshots.customer_number,
        account_snapshots.customer_number as owner_number
    from snapshots
    asof join (from raw.core_accounts where role = 'joint') as stated
        on snapshots.customer_number = stated.customer_number
        and snapshots.as_of_date > stated.changed_date
    inner join account_snapshots
        on stated.account_number = account_snapshots.account_number
        and snapshots.as_of_date = account_snapshots.as_of_date
    where stated.status = 'open' and account_snapshots.closed_date >= snapshots.as_of_date
),
memberships as (
    select as_of_date, 'account ' || account_number as name, customer_number
    from joint_accounts
    union
    select as_of_date, 'account ' || account_number, owner_number from joint_accounts
    union
    select as_of_date, 'declared ' || household_number, customer_number from snapshots
    where household_number is not null
    union
    select as_of_date, 'address ' || postal_address, customer_number from snapshots
    where postal_address is not null
),
ties as (
    select
        as_of_date, unnest(members) as customer_number, members[1] as other_number
    from (
        select as_of_date, name, list(customer_number order by customer_number) as members
        from memberships group by all
    )
    where len(members) > 1 and (not starts_with(name, 'address ') or len(members) <= (
        select threshold from read_csv('{seeds}/tier_thresholds.csv')
        where rule = 'household_address_members'
    ))
),
both_ways as (
    from ties
    union select as_of_date, other_number, customer_number from ties
),
reached as (
    from both_ways
    union
    select reached.as_of_date, reached.customer_number, both_ways.other_number
    from reached inner join both_ways
        on reached.as_of_date = both_ways.as_of_date
        and reached.other_number = both_ways.customer_number
),
households as (
    select as_of_date, customer_number, count(distinct other_number) as members
    from reached group by all
),
referrals as (
    select
        referrer_number as customer_number, as_of_date,
        count(distinct person_number) as referral_count
    from raw.partner inner join as_of_dates on reported_date < as_of_date
    where partner_kind = 'referral' group by all
),
subscriptions as (
    select
        customer_number, as_of_date, count(*) as subscription_count_365d,
        sum(cast(amount * rate_to_cny as decimal(18, 2)))
            as subscription_amount_sum_365d_cny
    from raw.core_subscriptions as subscriptions
    inner join rates_by_day
        on subscribed_date = day
        and subscriptions.currency_code = rates_by_day.currency_code
    inner join account_snapshots using (account_number)
    where subscribed_date < as_of_date and subscribed_date >= as_of_date - 365
    group by all
),
offers as (
    select
        customer_number, as_of_date,
        count(distinct offer_number) filter (not is_control and status = 'made')
            as offer_count_365d,
        count(distinct offer_number) filter (status = 'accepted')
            as offer_accepted_count_365d,
        count(distinct offer_number) filter (status = 'declined')
            as offer_declined_count_365d
    from raw.campaign inner join as_of_dates
        on changed_date < as_of_date and changed_date >= as_of_date - 365
    group by all
),
answers as (
    select
        customer_number, as_of_date, count(experience_score) as survey_score_count_365d,
        avg(experience_score) as experience_score_mean_365d,
        avg(experience_score - expectation_score) as satisfaction_gap_mean_365d
    from raw.survey inner join as_of_dates
        on cast(answered_at as date) < as_of_date
        and cast(answered_at as date) >= as_of_date - 365
    group by all
)
select
    customer_number as customer_id, as_of_date, coalesce(gender, 'unknown') as gender,
    cast(as_of_date - registered_date as double) as tenure_days,
    (as_of_date - birth_date) / 365.25 as age_years,
    cast(annual_income as double) as annual_income_cny,
    cast(coalesce(has_income_proof, false) as double) as has_income_proof,
    cast(coalesce(has_marketing_consent, false) as double) as has_marketing_consent,
    {counts},
    coalesce(customer_active_day_count_90d, 0) as customer_active_day_count_90d,
    {known_days},
    customer_event_count_ever,
    customer_event_count_30d / nullif(customer_event_count_90d, 0)
        as customer_event_ratio_30d_to_90d,
    customer_event_count_90d / nullif(customer_event_count_365d, 0)
        as customer_event_ratio_90d_to_365d,
    365 / nullif(customer_event_count_365d, 0) as customer_event_gap_days_365d,
    {ratios},
    online_event_count_90d / nullif(customer_event_count_90d, 0) as online_share_90d,
    branch_event_count_90d / nullif(customer_event_count_90d, 0) as branch_share_90d,
    case when customer_event_count_90d > 0 then {entropy} end as channel_entropy_90d,
    customer_amount_sum_365d_cny / nullif(customer_amount_count_365d, 0)
        as customer_amount_mean_365d_cny,
    debit_amount_sum_90d_cny / nullif(credit_amount_sum_90d_cny, 0)
        as debit_to_credit_ratio_90d,
    branch_wait_seconds_sum_180d / 60 / nullif(branch_wait_count_180d, 0)
        as branch_wait_minutes_mean_180d,
    cast(coalesce(deposits, 0) as double) as deposit_balance_cny,
    cast(coalesce(invested, 0) as double) as invested_balance_cny,
    cast(greatest(coalesce(owed, 0), 0) as double) as owed_balance_cny,
    cast(coalesce(total, 0) as double) as total_balance_cny,
    case when before_date is not null
        then cast(coalesce(total, 0) - coalesce(before, 0) as double)
    end as total_balance_change_90d_cny,
    case when before > 0 then cast(total as double) / cast(before as double) end
        as total_balance_ratio_90d,
    total_balance_slope_180d_cny,
    coalesce(total_balance_range_180d_cny, 0) as total_balance_range_180d_cny,
    total_balance_drawdown_180d,
    coalesce(open_account_count, 0) as open_account_count,
    {held} as held_family_count, {holding}, {family_balances}, days_since_opening,
    coalesce(account_opened_count_365d, 0) as account_opened_count_365d,
    coalesce(account_closed_count_365d, 0) as account_closed_count_365d,
    cast(coalesce(members, 1) as double) as household_member_count,
    cast(coalesce(referral_count, 0) as double) as referral_count,
    cast(coalesce(subscription_count_365d, 0) as double) as subscription_count_365d,
    cast(coalesce(subscription_amount_sum_365d_cny, 0) as double)
        as subscription_amount_sum_365d_cny,
    cast(coalesce(offer_count_365d, 0) as double) as offer_count_365d,
    cast(coalesce(offer_accepted_count_365d, 0) as double) as offer_accepted_count_365d,
    cast(coalesce(offer_declined_count_365d, 0) as double) as offer_declined_count_365d,
    cast(coalesce(survey_score_count_365d, 0) as double) as survey_score_count_365d,
    experience_score_mean_365d, satisfaction_gap_mean_365d,
    observed_days, customer_event_count_per_30d_ever, customer_event_count_usual_90d,
    customer_event_deviation_30d, customer_event_deviation_90d,
    missed_event_count_ever, missed_event_count_usual
from snapshots
left join rhythms using (customer_number, as_of_date)
left join windows using (customer_number, as_of_date)
left join lives using (customer_number, as_of_date)
left join holdings using (customer_number, as_of_date)
left join balances using (customer_number, as_of_date)
left join paths using (customer_number, as_of_date)
left join balance_dates using (as_of_date)
left join households using (customer_number, as_of_date)
left join referrals using (customer_number, as_of_date)
left join subscriptions using (customer_number, as_of_date)
left join offers using (customer_number, as_of_date)
left join answers using (customer_number, as_of_date)
