-- What events make of a customer at one as_of_date, counted from the raw rows as the law
-- says it, with no thought for speed.
with

deliveries as (
    select delivery_id
    from ops.accepted_deliveries
    where known_at <= $as_of_date + interval 6 hour
        and coalesce(superseded_at > $as_of_date + interval 6 hour, true)
),

happened as (
    select
        'atm' as source, event_type, card_number as identifier, occurred_at, amount,
        currency_code, null as wait_seconds, delivery_id
    from raw.atm
    union all
    select
        'branch', event_type, coalesce(customer_number, account_number), occurred_at,
        amount, currency_code, date_diff('second', ticket_taken_at, called_at),
        delivery_id
    from raw.branch
    union all
    select
        'card', event_type, coalesce(card_number, account_number), occurred_at, amount,
        currency_code, null, delivery_id
    from raw.card
    union all
    select
        'online', event_type, coalesce(login_name, account_number), occurred_at, amount,
        currency_code, null, delivery_id
    from raw.online
    union all
    select
        'phone', event_type, coalesce(customer_number, phone_number), occurred_at, null,
        null, null, delivery_id
    from raw.phone
    union all
    select
        'core_postings', event_type, account_number, occurred_at, amount, currency_code,
        null, delivery_id
    from raw.core_postings
),

events as (
    select
        row_number() over () as event_id,
        happened.*,
        cast(occurred_at as date) as day,
        cast(amount * rate_to_cny as decimal(18, 2)) as amount_cny,
        initiative
    from happened
    semi join deliveries using (delivery_id)
    left join seeds.event_initiatives using (source, event_type)
    asof left join seeds.exchange_rates
        on happened.currency_code = exchange_rates.currency_code
        and happened.occurred_at >= exchange_rates.valid_from
    where occurred_at < $as_of_date
),

links as (
    select identifier, customer_id, changed_date, known_at
    from (
        select
            card_number as identifier, customer_number as customer_id, changed_date,
            known_at, delivery_id
        from raw.core_accounts
        union all
        select account_number, customer_number, changed_date, known_at, delivery_id
        from raw.core_accounts where role = 'owner'
        union all
        select login_name, customer_number, changed_date, known_at, delivery_id
        from raw.core_customers
        union all
        select customer_number, customer_number, changed_date, known_at, delivery_id
        from raw.core_customers
    )
    semi join deliveries using (delivery_id)
    where changed_date < $as_of_date
),

linked as (
    select
        events.event_id,
        coalesce(
            arg_max(links.customer_id, (changed_date, known_at))
                filter (where changed_date <= day),
            arg_min(links.customer_id, (changed_date, -epoch_us(known_at)))
        ) as customer_id
    from events inner join links using (identifier)
    group by event_id
),

own as (
    select
        customer_id, events.*, initiative = 'customer' as is_own,
        $as_of_date - day as age
    from events inner join linked using (event_id)
)

select
    customer_id,
    count(*) filter (where is_own and source = 'atm' and age <= 30) as atm_event_count_30d,
    count(*) filter (where is_own and source = 'atm' and age <= 180)
        as atm_event_count_180d,
    count(*) filter (where is_own and source = 'branch' and age <= 90)
        as branch_event_count_90d,
    count(*) filter (where is_own and source = 'card' and age <= 365)
        as card_event_count_365d,
    count(*) filter (where is_own and source = 'online' and age <= 30)
        as online_event_count_30d,
    count(*) filter (where is_own and age <= 30) as customer_event_count_30d,
    count(*) filter (where is_own and age <= 90) as customer_event_count_90d,
    count(*) filter (where is_own and age <= 180) as customer_event_count_180d,
    count(*) filter (where is_own and age <= 365) as customer_event_count_365d,
    count(distinct day) filter (where is_own and age <= 90)
        as customer_active_day_count_90d,
    min(age) filter (where is_own) as days_since_customer_event,
    min(age) filter (where is_own and source = 'branch') as days_since_branch_event,
    min(age) filter (where event_type in ('salary', 'pension')) as days_since_salary,
    coalesce(-sum(amount_cny) filter (where amount_cny < 0 and age <= 30), 0)
        as debit_amount_sum_30d_cny,
    coalesce(-sum(amount_cny) filter (where amount_cny < 0 and age <= 365), 0)
        as debit_amount_sum_365d_cny,
    coalesce(sum(amount_cny) filter (where amount_cny > 0 and age <= 90), 0)
        as credit_amount_sum_90d_cny,
    count(*) filter (where initiative = 'automatic' and age <= 90)
        as automatic_event_count_90d,
    count(*) filter (where event_type in ('salary', 'pension') and age <= 365)
        as salary_count_365d,
    count(*) filter (where event_type = 'standing_order' and age <= 90)
        as standing_order_count_90d,
    count(*) filter (where event_type = 'complaint' and age <= 180)
        as complaint_count_180d,
    count(*) filter (where wait_seconds > 1800 and age <= 180)
        as branch_wait_over_30_minutes_count_180d
from own
group by customer_id
