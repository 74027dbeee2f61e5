{# A table: today's customers and their months both read it. #}
{{ config(materialized='table') }}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

lives as (

    select * from {{ ref('int_lives_counted_to_snapshots') }}

),

days_since_events as (

    select * from {{ ref('int_days_since_events_found_to_snapshots') }}

),

accounts as (

    select * from {{ ref('int_accounts_counted_to_snapshots') }}

),

referrals as (

    select * from {{ ref('int_referrals_counted_to_snapshots') }}

),

tiers as (

    select * from {{ ref('int_tiers_judged_to_snapshots') }}

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

-- Unused for so long can only be said of days that were observed, and of none where
-- nothing was.
facts as (

    select
        snapshots.customer_id,
        snapshots.as_of_date,
        snapshots.registered_date,
        snapshots.has_marketing_consent = 1 as has_consent,
        coalesce(lives.observed_since_date, snapshots.as_of_date)
            as observed_since_date,
        coalesce(lives.customer_event_count, 0) as customer_event_count,
        coalesce(accounts.account_count, 0) as account_count,
        coalesce(accounts.open_account_count, 0) as open_account_count,
        accounts.first_opened_date,
        {{ days_between('accounts.first_opened_date', 'snapshots.as_of_date') }}
            as opened_days,
        coalesce(accounts.opening_day_count, 0) as opening_day_count,
        coalesce(accounts.held_family_count, 0) as held_family_count,
        coalesce(referrals.referral_count, 0) as referral_count,
        least(
            coalesce(days_since_events.days_since_customer_event, 1e6),
            coalesce(accounts.days_since_opening, 1e6),
            coalesce(
                {{ days_between('lives.observed_since_date', 'snapshots.as_of_date') }},
                0
            )
        ) as unused_days,
        tiers.relationship_balance_cny

    from snapshots

    inner join tiers
        on snapshots.customer_id = tiers.customer_id
        and snapshots.as_of_date = tiers.as_of_date

    left join lives
        on snapshots.customer_id = lives.customer_id
        and snapshots.as_of_date = lives.as_of_date

    left join days_since_events
        on snapshots.customer_id = days_since_events.customer_id
        and snapshots.as_of_date = days_since_events.as_of_date

    left join accounts
        on snapshots.customer_id = accounts.customer_id
        and snapshots.as_of_date = accounts.as_of_date

    left join referrals
        on snapshots.customer_id = referrals.customer_id
        and snapshots.as_of_date = referrals.as_of_date

),

-- A stage is about a life. Of what was before the first day observed, registers tell.
lived as (

    select
        facts.customer_id,
        facts.as_of_date,
        facts.has_consent,
        facts.account_count = 0 and facts.customer_event_count = 0 as is_unused,
        facts.account_count > 0 and facts.open_account_count = 0 as is_closed,
        greatest(facts.customer_event_count, facts.opening_day_count)
        >= rules.loyalty_repeat_event_count
        or (
            facts.account_count > 0
            and (
                facts.registered_date < facts.observed_since_date
                or facts.first_opened_date < facts.observed_since_date
                or (
                    facts.relationship_balance_cny > 0
                    and facts.opened_days >= rules.loyalty_established_days
                )
            )
        ) as has_repeated

    from facts

    inner join rules
        on facts.as_of_date = rules.as_of_date

),

judged as (

    select
        facts.customer_id,
        facts.as_of_date,
        facts.customer_event_count,
        facts.unused_days,
        facts.relationship_balance_cny,
        facts.open_account_count = 0
        or facts.unused_days >= rules.loyalty_inactive_days as is_inactive,
        case
            -- In contact, for registered. Closed after a single use is not used either.
            when lived.is_unused or (lived.is_closed and not lived.has_repeated)
                then {{ stage_before_use('true', 'lived.has_consent') }}
            when not lived.has_repeated then 'first_time'
            when lived.is_closed then 'dormant'
            when facts.unused_days >= rules.loyalty_dormant_days then 'dormant'
            when
                facts.held_family_count >= rules.loyalty_advocate_family_count
                and facts.referral_count >= rules.loyalty_advocate_referral_count
                then 'advocate'
            else 'repeat'
        end as loyalty_stage

    from facts

    inner join lived
        on facts.customer_id = lived.customer_id
        and facts.as_of_date = lived.as_of_date

    inner join rules
        on facts.as_of_date = rules.as_of_date

),

lines as (

    {{ pyramid_lines('rules') }}

)

select
    judged.customer_id,
    judged.as_of_date,
    cast(judged.relationship_balance_cny / lines.rate_hkd as decimal(18, 2))
        as relationship_balance_hkd,
    judged.customer_event_count,
    judged.unused_days,
    judged.loyalty_stage,
    {{ pyramid_level(
        'judged.relationship_balance_cny', 'judged.is_inactive', 'lines'
    ) }}
        as pyramid_level,
    {{ next_level_share('judged.relationship_balance_cny', 'lines') }}
        as next_level_share

from judged

inner join lines
    on judged.as_of_date = lines.as_of_date
