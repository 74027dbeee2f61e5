-- A bank of three customers on 2025-04-01, as the gates wish it to be.
create schema seeds;
create schema marts;
create schema intermediate;

create table seeds.event_initiatives as
select unnest(['atm', 'branch', 'card', 'core_postings', 'online']) as source;

create table seeds.product_families as
select * from (values
    ('CUR01', 'current_deposit', 'deposit', false),
    ('LN01', 'loan', 'owed', true),
    ('FD01', 'fund', 'invested', true)
) as products(product_code, product_family, holding_class, is_offered);

insert into ops.deliveries by name
select
    source || '/2025-03-31.1' as delivery_id,
    source,
    date '2025-03-31' as business_date,
    1 as sequence,
    timestamp '2025-04-01 01:10' as extracted_at,
    'accepted' as status
from (
    select source from seeds.event_initiatives
    union all
    select unnest(['core_accounts', 'core_balances', 'core_customers'])
);

create table intermediate.int_customers_registered as
select
    'C' || number as customer_id,
    date '2020-01-01' as registered_date,
    'B1' as branch_id,
    'M1' as manager_id,
    'female' as gender,
    1980 as birth_year,
    2024 as income_year,
    cast(100000 as decimal(18, 2)) as annual_income_cny,
    true as has_income_proof,
    true as has_marketing_consent,
    true as has_online_banking,
    1 as open_account_count,
    cast(1000 as decimal(18, 2)) as deposit_balance_cny,
    cast(0 as decimal(18, 2)) as invested_balance_cny,
    cast(0 as decimal(18, 2)) as unknown_balance_cny,
    cast(0 as decimal(18, 2)) as owed_balance_cny,
    date '2025-03-30' as last_customer_event_date,
    'H' || number as household_id,
    cast(1000 as decimal(18, 2)) as net_assets_cny,
    cast(1000 as decimal(18, 2)) as relationship_balance_cny,
    cast(1090 as decimal(18, 2)) as relationship_balance_hkd,
    'standard' as tier,
    'low' as pyramid_level,
    'repeat' as loyalty_stage,
    'keep' as recommended_action,
    '维系' as recommended_action_zh,
    cast(12 as decimal(18, 2)) as contribution_cny,
    'low' as profitability_group,
    'single' as structure_class,
    'keep' as class_action,
    '维系' as class_action_zh,
    0 as referral_count,
    'balanced' as risk_tolerance,
    'branch' as preferred_channel,
    'medium' as financial_knowledge,
    'family' as life_value,
    cast(null as double) as satisfaction_gap_mean_365d
from range(1, 4) as numbers (number);

create table marts.accounts as
select
    'A' || number as account_id,
    'C' || number as customer_id,
    'CUR01' as product_code,
    'current_deposit' as product_family,
    'CNY' as currency_code,
    date '2020-01-01' as opened_date,
    cast(null as date) as closed_date,
    true as is_open,
    'active' as account_state,
    date '2025-03-30' as last_used_date,
    2 as unused_days,
    cast(1000 as decimal(18, 2)) as balance,
    cast(1000 as decimal(18, 2)) as balance_cny,
    date '2025-03-31' as balance_date
from range(1, 4) as numbers (number);

create table marts.transactions as
select
    'atm/' || number as transaction_id,
    'C' || number as customer_id,
    'A' || number as account_id,
    'branch' as channel,
    'withdrawal' as event_type,
    if(number = 1, 'automatic', 'customer') as initiative,
    'B1' as branch_id,
    timestamp '2025-03-30 10:00' as occurred_at,
    cast(-100 as decimal(18, 2)) as amount,
    'CNY' as currency_code,
    cast(-100 as decimal(18, 2)) as amount_cny,
    cast(12.5 as double) as branch_wait_minutes,
    timestamp '2025-04-01 01:10' as known_at,
    'branch/2025-03-31.1' as delivery_id
from range(1, 4) as numbers (number);

create table marts.customer_features as
select 'C' || number as customer_id, as_of_date, {features}
from range(1, 4) as numbers (number)
cross join (
    select unnest([date '2025-03-01', date '2025-04-01']) as as_of_date
);

create table marts.customer_labels as
select
    customer_id,
    as_of_date,
    true as is_churn_eligible,
    as_of_date + 104 as churn_label_known_date,
    cast(null as boolean) as has_churned_90d,
    as_of_date + 90 as cross_sell_label_known_date,
    cast(null as boolean) as has_opened_time_deposit_90d,
    cast(null as boolean) as has_opened_credit_card_90d,
    cast(null as boolean) as has_opened_loan_90d,
    cast(null as boolean) as has_opened_wealth_90d,
    cast(null as boolean) as has_opened_fund_90d,
    cast(null as boolean) as has_opened_insurance_90d,
    true as is_growth_eligible,
    as_of_date + 180 as growth_label_known_date,
    cast(null as boolean) as has_grown_180d
from marts.customer_features;

insert into ml.churn_scores
select customer_id, as_of_date, 0.1, 1, 'run-1', timestamp '2025-04-01 03:00'
from marts.customer_features
where as_of_date = '2025-04-01';

insert into ml.cross_sell_scores
select
    customer_id, as_of_date, family, 0.02, 1, 'run-2', timestamp '2025-04-01 03:05'
from marts.customer_features
cross join (select unnest(['loan', 'fund']) as family)
where as_of_date = '2025-04-01';

insert into ml.growth_scores
select customer_id, as_of_date, 0.05, 1, 'run-3', timestamp '2025-04-01 03:06'
from marts.customer_features
where as_of_date = '2025-04-01';

create table marts.customer_scores as
select
    customer_id,
    as_of_date,
    cast(0.1 as double) as churn_probability,
    1 as churn_estimator_version,
    'run-1' as churn_run_id,
    'fund' as best_product_family,
    cast(0.02 as double) as open_probability,
    1 as cross_sell_estimator_version,
    'run-2' as cross_sell_run_id,
    cast(0.05 as double) as growth_probability,
    1 as growth_estimator_version,
    'run-3' as growth_run_id,
    timestamp '2025-04-01 03:06' as scored_at,
    'A' as data_quality_grade,
    cast(1 as double) as source_day_share,
    'Inactive for longer than average, in days or by own habits' as churn_reasons,
    '未主动办理业务的时间（或相对其习惯）长于平均水平' as churn_reasons_zh,
    cast(null as varchar) as open_reasons,
    cast(null as varchar) as open_reasons_zh,
    cast(null as varchar) as growth_reasons,
    cast(null as varchar) as growth_reasons_zh
from marts.customer_features
where as_of_date = '2025-04-01';

create table marts.customers as
select
    registered.*,
    scores.as_of_date as scored_date,
    scores.churn_probability,
    scores.best_product_family,
    scores.open_probability,
    scores.growth_probability,
    scores.data_quality_grade
from intermediate.int_customers_registered as registered
left join marts.customer_scores as scores using (customer_id);

create table marts.decision_log as
select
    customers.customer_id,
    product_families.product_family,
    customers.scored_date as as_of_date,
    case when product_family = 'fund' then 'offered' else 'applicability' end
        as decision_stage,
    case when product_family != 'fund' then 'family_held' end as rule_name,
    case when product_family != 'fund' then 'Holds this family already' end as rule_text,
    case when product_family != 'fund' then '已持有该类产品' end as rule_text_zh,
    case when product_family = 'fund' then 1 end as offer_rank,
    cast(0.02 as double) as open_probability,
    'B1' as branch_id,
    'M1' as manager_id,
    'run-2' as run_id
from marts.customers
cross join seeds.product_families
where product_families.is_offered;

create table marts.next_best_offers as
select
    customer_id,
    1 as offer_rank,
    'fund' as product_family,
    cast(0.02 as double) as open_probability,
    cast(0.1 as double) as churn_probability,
    'B1' as branch_id,
    'M1' as manager_id,
    as_of_date,
    cast(null as varchar) as offer_reason,
    cast(null as varchar) as offer_reason_zh,
    'Inactive for longer than average, in days or by own habits' as churn_reason,
    '未主动办理业务的时间（或相对其习惯）长于平均水平' as churn_reason_zh
from marts.customer_features
where as_of_date = '2025-04-01';

create table marts.work_list as
select
    cast(row_number() over (order by customer_id) as integer) as contact_rank,
    customer_id,
    branch_id,
    manager_id,
    as_of_date,
    'keep' as contact_action,
    cast(100 - row_number() over (order by customer_id) as decimal(18, 2))
        as value_at_stake_cny,
    cast(1000 as decimal(18, 2)) as contribution_cny,
    churn_probability,
    churn_reason,
    churn_reason_zh,
    product_family,
    open_probability,
    offer_reason,
    offer_reason_zh
from marts.next_best_offers;

create table marts.score_reasons as
select
    use_case,
    customer_id,
    as_of_date,
    cast(null as varchar) as product_family,
    1 as reason_rank,
    'recency' as concept,
    'less' as level,
    'Inactive for longer than average, in days or by own habits' as reason,
    '未主动办理业务的时间（或相对其习惯）长于平均水平' as reason_zh,
    cast(0.7 as double) as attribution,
    run_id
from marts.customer_features
cross join (
    values ('churn', 'run-1'), ('growth', 'run-3')
) as explained (use_case, run_id)
where as_of_date = '2025-04-01';

create table marts.estimator_health as
select
    'churn' as use_case,
    date '2025-04-01' as as_of_date,
    'feature_psi' as metric,
    'age_years' as feature,
    cast(0.02 as double) as value,
    cast(0.25 as double) as threshold,
    false as is_alert,
    1 as estimator_version,
    'run-1' as run_id;

create table intermediate.int_accounts_resolved as
select
    'A' || number as account_id,
    delivery_id,
    changed_date,
    known_at,
    cast(null as timestamp) as superseded_at
from range(1, 4) as numbers (number)
cross join (
    values
    ('core_accounts/2025-01-31.1', date '2025-01-20', timestamp '2025-02-01'),
    ('core_accounts/2025-02-28.2', date '2025-02-20', timestamp '2025-03-01')
) as deliveries (delivery_id, changed_date, known_at)
where number = 2 or changed_date < date '2025-02-01';

create table intermediate.int_registrations_resolved as
select
    'C' || number as customer_id,
    'core_customers/2025-03-31.' || number as delivery_id,
    date '2025-03-20' as changed_date,
    timestamp '2025-04-01' as known_at,
    cast(null as timestamp) as superseded_at
from range(1, 4) as numbers (number);
