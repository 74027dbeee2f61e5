{{ config(pre_hook='{{ name_columns_of_families() }}', **kept_by_snapshot()) }}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

spans as (

    select * from {{ ref('int_spans_summed_to_snapshots') }}

),

days_since_events as (

    select * from {{ ref('int_days_since_events_found_to_snapshots') }}

),

accounts as (

    select * from {{ ref('int_accounts_counted_to_snapshots') }}

),

balances as (

    select * from {{ ref('int_balances_summed_to_snapshots') }}

),

balance_paths as (

    select * from {{ ref('int_balance_paths_measured_to_snapshots') }}

),

lives as (

    select * from {{ ref('int_lives_counted_to_snapshots') }}

),

relations as (

    select * from {{ ref('int_relations_found_to_snapshots') }}

),

balance_dates as (

    select * from {{ ref('int_balance_dates_found_to_snapshots') }}

),

rhythms as (

    select * from {{ ref('int_rhythms_measured_to_snapshots') }}

),

stages as (

    select * from {{ ref('int_stages_judged_to_snapshots') }}

)

-- More joins than elsewhere: this is where the families of features come together.
select
    snapshots.customer_id,
    snapshots.as_of_date,
    snapshots.gender,
    snapshots.tenure_days,
    snapshots.age_years,
    snapshots.annual_income_cny,
    snapshots.has_income_proof,
    snapshots.has_marketing_consent,
    coalesce(spans.atm_event_count_30d, 0) as atm_event_count_30d,
    coalesce(spans.atm_event_count_90d, 0) as atm_event_count_90d,
    coalesce(spans.atm_event_count_180d, 0) as atm_event_count_180d,
    coalesce(spans.atm_event_count_365d, 0) as atm_event_count_365d,
    coalesce(spans.branch_event_count_30d, 0) as branch_event_count_30d,
    coalesce(spans.branch_event_count_90d, 0) as branch_event_count_90d,
    coalesce(spans.branch_event_count_180d, 0) as branch_event_count_180d,
    coalesce(spans.branch_event_count_365d, 0) as branch_event_count_365d,
    coalesce(spans.card_event_count_30d, 0) as card_event_count_30d,
    coalesce(spans.card_event_count_90d, 0) as card_event_count_90d,
    coalesce(spans.card_event_count_180d, 0) as card_event_count_180d,
    coalesce(spans.card_event_count_365d, 0) as card_event_count_365d,
    coalesce(spans.online_event_count_30d, 0) as online_event_count_30d,
    coalesce(spans.online_event_count_90d, 0) as online_event_count_90d,
    coalesce(spans.online_event_count_180d, 0) as online_event_count_180d,
    coalesce(spans.online_event_count_365d, 0) as online_event_count_365d,
    coalesce(spans.customer_event_count_30d, 0) as customer_event_count_30d,
    coalesce(spans.customer_event_count_90d, 0) as customer_event_count_90d,
    coalesce(spans.customer_event_count_180d, 0) as customer_event_count_180d,
    coalesce(spans.customer_event_count_365d, 0) as customer_event_count_365d,
    coalesce(spans.customer_active_day_count_90d, 0) as customer_active_day_count_90d,
    days_since_events.days_since_customer_event,
    days_since_events.days_since_atm_event,
    days_since_events.days_since_branch_event,
    days_since_events.days_since_card_event,
    days_since_events.days_since_online_event,
    spans.customer_event_count_30d
    / nullif(spans.customer_event_count_90d, 0) as customer_event_ratio_30d_to_90d,
    spans.customer_event_count_90d
    / nullif(spans.customer_event_count_365d, 0) as customer_event_ratio_90d_to_365d,
    coalesce(spans.debit_amount_sum_30d_cny, 0) as debit_amount_sum_30d_cny,
    coalesce(spans.debit_amount_sum_90d_cny, 0) as debit_amount_sum_90d_cny,
    coalesce(spans.debit_amount_sum_365d_cny, 0) as debit_amount_sum_365d_cny,
    coalesce(spans.credit_amount_sum_30d_cny, 0) as credit_amount_sum_30d_cny,
    coalesce(spans.credit_amount_sum_90d_cny, 0) as credit_amount_sum_90d_cny,
    coalesce(spans.credit_amount_sum_365d_cny, 0) as credit_amount_sum_365d_cny,
    coalesce(spans.automatic_event_count_90d, 0) as automatic_event_count_90d,
    coalesce(spans.salary_count_90d, 0) as salary_count_90d,
    coalesce(spans.salary_count_365d, 0) as salary_count_365d,
    coalesce(spans.salary_amount_sum_90d_cny, 0) as salary_amount_sum_90d_cny,
    days_since_events.days_since_salary,
    coalesce(spans.standing_order_count_90d, 0) as standing_order_count_90d,
    coalesce(balances.deposit_balance_cny, 0) as deposit_balance_cny,
    coalesce(balances.invested_balance_cny, 0) as invested_balance_cny,
    coalesce(balances.owed_balance_cny, 0) as owed_balance_cny,
    coalesce(balances.total_balance_cny, 0) as total_balance_cny,
    case
        when balance_dates.balance_90d_ago_date is not null
            then coalesce(balances.total_balance_change_90d_cny, 0)
    end as total_balance_change_90d_cny,
    balances.total_balance_ratio_90d,
    coalesce(accounts.open_account_count, 0) as open_account_count,
    coalesce(accounts.held_family_count, 0) as held_family_count,
    {% for family in families() %}
        coalesce(accounts.holds_{{ family }}, 0) as holds_{{ family }},
    {% endfor %}
    coalesce(accounts.account_opened_count_365d, 0) as account_opened_count_365d,
    coalesce(accounts.account_closed_count_365d, 0) as account_closed_count_365d,
    spans.branch_wait_seconds_sum_180d
    / 60
    / nullif(spans.branch_wait_count_180d, 0) as branch_wait_minutes_mean_180d,
    coalesce(spans.branch_wait_over_30_minutes_count_180d, 0)
        as branch_wait_over_30_minutes_count_180d,
    coalesce(spans.complaint_count_180d, 0) as complaint_count_180d,
    coalesce(spans.phone_event_count_30d, 0) as phone_event_count_30d,
    coalesce(spans.phone_event_count_90d, 0) as phone_event_count_90d,
    coalesce(spans.phone_event_count_180d, 0) as phone_event_count_180d,
    coalesce(spans.phone_event_count_365d, 0) as phone_event_count_365d,
    days_since_events.days_since_phone_event,
    days_since_events.days_since_automatic_event,
    days_since_events.days_since_standing_order,
    days_since_events.days_since_complaint,
    lives.customer_event_count as customer_event_count_ever,
    365 / nullif(spans.customer_event_count_365d, 0)
        as customer_event_gap_days_365d,
    spans.atm_event_count_90d
    / nullif(spans.atm_event_count_365d, 0) as atm_event_ratio_90d_to_365d,
    spans.branch_event_count_90d
    / nullif(spans.branch_event_count_365d, 0) as branch_event_ratio_90d_to_365d,
    spans.card_event_count_90d
    / nullif(spans.card_event_count_365d, 0) as card_event_ratio_90d_to_365d,
    spans.online_event_count_90d
    / nullif(spans.online_event_count_365d, 0) as online_event_ratio_90d_to_365d,
    spans.phone_event_count_90d
    / nullif(spans.phone_event_count_365d, 0) as phone_event_ratio_90d_to_365d,
    spans.salary_count_90d
    / nullif(spans.salary_count_365d, 0) as salary_ratio_90d_to_365d,
    spans.standing_order_count_90d
    / nullif(spans.standing_order_count_365d, 0) as standing_order_ratio_90d_to_365d,
    spans.online_event_count_90d
    / nullif(spans.customer_event_count_90d, 0) as online_share_90d,
    spans.branch_event_count_90d
    / nullif(spans.customer_event_count_90d, 0) as branch_share_90d,
    case
        when spans.customer_event_count_90d > 0
            then
                {{ entropy_of(
                    'spans.atm_event_count_90d', 'spans.customer_event_count_90d'
                ) }}
                + {{ entropy_of(
                    'spans.branch_event_count_90d', 'spans.customer_event_count_90d'
                ) }}
                + {{ entropy_of(
                    'spans.card_event_count_90d', 'spans.customer_event_count_90d'
                ) }}
                + {{ entropy_of(
                    'spans.online_event_count_90d', 'spans.customer_event_count_90d'
                ) }}
                + {{ entropy_of(
                    'spans.phone_event_count_90d', 'spans.customer_event_count_90d'
                ) }}
    end as channel_entropy_90d,
    coalesce(spans.salary_amount_sum_365d_cny, 0) as salary_amount_sum_365d_cny,
    coalesce(spans.standing_order_count_365d, 0) as standing_order_count_365d,
    coalesce(spans.loan_instalment_count_90d, 0) as loan_instalment_count_90d,
    coalesce(spans.fee_amount_sum_365d_cny, 0) as fee_amount_sum_365d_cny,
    coalesce(spans.customer_amount_sum_90d_cny, 0) as customer_amount_sum_90d_cny,
    spans.customer_amount_sum_365d_cny
    / nullif(spans.customer_amount_count_365d, 0) as customer_amount_mean_365d_cny,
    spans.debit_amount_sum_90d_cny
    / nullif(spans.credit_amount_sum_90d_cny, 0) as debit_to_credit_ratio_90d,
    {% for family in families() %}
        coalesce(balances.{{ family }}_balance_cny, 0) as {{ family }}_balance_cny,
    {% endfor %}
    balance_paths.total_balance_slope_180d_cny,
    coalesce(balance_paths.total_balance_range_180d_cny, 0)
        as total_balance_range_180d_cny,
    balance_paths.total_balance_drawdown_180d,
    accounts.days_since_opening,
    relations.household_member_count,
    relations.referral_count,
    relations.subscription_count_365d,
    relations.subscription_amount_sum_365d_cny,
    relations.offer_count_365d,
    relations.offer_accepted_count_365d,
    relations.offer_declined_count_365d,
    relations.survey_score_count_365d,
    relations.experience_score_mean_365d,
    relations.satisfaction_gap_mean_365d,
    rhythms.observed_days,
    rhythms.customer_event_count_per_30d_ever,
    rhythms.customer_event_count_usual_90d,
    rhythms.customer_event_deviation_30d,
    rhythms.customer_event_deviation_90d,
    rhythms.missed_event_count_ever,
    rhythms.missed_event_count_usual,
    stages.next_level_share

from snapshots

left join spans
    on snapshots.customer_id = spans.customer_id
    and snapshots.as_of_date = spans.as_of_date

left join days_since_events
    on snapshots.customer_id = days_since_events.customer_id
    and snapshots.as_of_date = days_since_events.as_of_date

left join accounts
    on snapshots.customer_id = accounts.customer_id
    and snapshots.as_of_date = accounts.as_of_date

left join balances
    on snapshots.customer_id = balances.customer_id
    and snapshots.as_of_date = balances.as_of_date

left join balance_paths
    on snapshots.customer_id = balance_paths.customer_id
    and snapshots.as_of_date = balance_paths.as_of_date

left join lives
    on snapshots.customer_id = lives.customer_id
    and snapshots.as_of_date = lives.as_of_date

left join relations
    on snapshots.customer_id = relations.customer_id
    and snapshots.as_of_date = relations.as_of_date

left join balance_dates
    on snapshots.as_of_date = balance_dates.as_of_date

left join rhythms
    on snapshots.customer_id = rhythms.customer_id
    and snapshots.as_of_date = rhythms.as_of_date

left join stages
    on snapshots.customer_id = stages.customer_id
    and snapshots.as_of_date = stages.as_of_date
