with

customers as (

    select * from {{ ref('customers') }}

),

scores as (

    select * from {{ ref('customer_scores') }}

),

features as (

    select * from {{ ref('customer_features') }}

),

months as (

    select * from {{ ref('customer_months') }}

),

offers as (

    select * from {{ ref('next_best_offers') }}

),

reasons as (

    select * from {{ ref('score_reasons') }}

),

engagement_rules as (

    {{ dated(ref('engagement_rules'), ['rule_name']) }}

),

-- No row where nothing was scored yet: then there is no list.
newest as (

    select
        max(as_of_date) as as_of_date,
        {{ add_days('max(as_of_date)', -90) }} as latest_earlier_date

    from scores

    having max(as_of_date) is not null

),

complaint_rule as (

    select engagement_rules.rule_limit

    from engagement_rules

    inner join newest
        on {{ in_force_at('engagement_rules', 'newest') }}

    where engagement_rules.rule_name = 'recently_complained'

),

earlier as (

    select max(months.as_of_date) as as_of_date

    from months

    inner join newest
        on months.as_of_date <= newest.latest_earlier_date

),

-- Of those who were dormant then, the share that has come back.
returned as (

    select
        avg(
            case when months_now.loyalty_stage = 'dormant' then 0.0 else 1.0 end
        ) as return_rate

    from months as months_then

    inner join earlier
        on months_then.as_of_date = earlier.as_of_date

    cross join newest

    inner join months as months_now
        on months_then.customer_id = months_now.customer_id
        and newest.as_of_date = months_now.as_of_date

    where months_then.loyalty_stage = 'dormant'

),

listed as (

    select
        customers.customer_id,
        customers.branch_id,
        customers.manager_id,
        newest.as_of_date,
        customers.contribution_cny,
        scores.churn_probability,
        scores.churn_run_id,
        case
            when features.days_since_complaint <= complaint_rule.rule_limit
                then 'serve_first'
            when scores.churn_probability is null then 'wake'
            else 'keep'
        end as contact_action,
        cast(
            coalesce(scores.churn_probability, returned.return_rate)
            * greatest(customers.contribution_cny, 0) as decimal(18, 2)
        ) as value_at_stake_cny

    from customers

    cross join newest

    cross join returned

    left join complaint_rule
        on true

    left join scores
        on customers.customer_id = scores.customer_id
        and newest.as_of_date = scores.as_of_date

    left join features
        on customers.customer_id = features.customer_id
        and newest.as_of_date = features.as_of_date

    where
        customers.has_marketing_consent
        and (
            scores.churn_probability is not null
            or customers.loyalty_stage = 'dormant'
        )

)

select
    cast(
        row_number() over (
            order by
                listed.value_at_stake_cny desc nulls last,
                listed.churn_probability desc nulls last,
                listed.customer_id asc nulls last
        ) as integer
    ) as contact_rank,
    listed.customer_id,
    listed.branch_id,
    listed.manager_id,
    listed.as_of_date,
    listed.contact_action,
    listed.value_at_stake_cny,
    listed.contribution_cny,
    listed.churn_probability,
    reasons.reason as churn_reason,
    reasons.reason_zh as churn_reason_zh,
    offers.product_family,
    offers.open_probability,
    offers.offer_reason,
    offers.offer_reason_zh

from listed

left join offers
    on offers.offer_rank = 1
    and listed.customer_id = offers.customer_id
    and listed.as_of_date = offers.as_of_date

left join reasons
    on reasons.use_case = 'churn'
    and reasons.reason_rank = 1
    and listed.customer_id = reasons.customer_id
    and listed.as_of_date = reasons.as_of_date
    and listed.churn_run_id = reasons.run_id
