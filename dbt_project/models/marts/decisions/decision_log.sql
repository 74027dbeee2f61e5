with

scores as (

    select * from {{ ref('stg_ml__scores') }}

),

customers as (

    select * from {{ ref('customers') }}

),

accounts as (

    select * from {{ ref('accounts') }}

),

features as (

    select * from {{ ref('customer_features') }}

),

offers as (

    select * from {{ ref('stg_campaign__offers') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

products as (

    {{ dated(ref('product_families'), ['product_code']) }}

),

engagement_rules as (

    {{ dated(ref('engagement_rules'), ['rule_name']) }}

),

scored as (

    select
        customer_id,
        as_of_date,
        product_family,
        run_id,
        probability as open_probability

    from scores

    where use_case = 'cross_sell'

    qualify as_of_date = max(as_of_date) over ()

),

snapshot as (

    select distinct as_of_date from scored

),

rules_in_force as (

    select engagement_rules.*

    from engagement_rules

    inner join snapshot
        on {{ in_force_at('engagement_rules', 'snapshot') }}

),

limits as (

    select {{ engagement_limits() }}

    from rules_in_force

),

risky_families as (

    select distinct product_family

    from products

    where can_lose_value

),

held_families as (

    select distinct
        customer_id,
        product_family

    from accounts

    where is_open

),

offers_resolved as (

    {{ resolved('offers', 'identities', [
        'offer_id', 'product_code', 'status', 'offered_date', 'changed_date',
    ]) }}

),

-- As they are known today: the snapshot may be older than the last refusal.
offers_known as (

    select
        offers_resolved.customer_id,
        {{ or_unknown('products.product_family') }} as product_family,
        offers_resolved.status,
        offers_resolved.offered_date,
        offers_resolved.changed_date

    from offers_resolved

    left join products
        on offers_resolved.product_code = products.product_code
        and offers_resolved.offered_date >= products.valid_from
        and offers_resolved.offered_date < products.valid_to

    where offers_resolved.superseded_at is null

),

families_dated as (

    select
        customer_id,
        product_family,
        max(offered_date) filter (where status = 'withheld') as withheld_date,
        max(changed_date) filter (where status = 'declined') as declined_date

    from offers_known

    group by customer_id, product_family

),

contacts_dated as (

    select
        customer_id,
        max(offered_date) as offered_date

    from offers_known

    where status = 'made'

    group by customer_id

),

-- The first rule that applies, in the order of the seed.
judged as (

    select
        scored.customer_id,
        scored.as_of_date,
        scored.product_family,
        scored.run_id,
        scored.open_probability,
        customers.branch_id,
        customers.manager_id,
        limits.outranked as most_offers,
        case
            when
                limits.no_marketing_consent is not null
                and not customers.has_marketing_consent
                then 'no_marketing_consent'
            when
                limits.family_held is not null
                and held_families.customer_id is not null
                then 'family_held'
            when
                {{ is_held_as('owed', 'scored.product_family') }}
                and features.days_since_salary > limits.salary_stopped
                then 'salary_stopped'
            when
                limits.beyond_risk_tolerance is not null
                and customers.risk_tolerance = 'cautious'
                and risky_families.product_family is not null
                then 'beyond_risk_tolerance'
            when
                {{ days_between('families_dated.withheld_date', 'scored.as_of_date') }}
                <= limits.withheld_as_control
                then 'withheld_as_control'
            when
                {{ days_between('families_dated.declined_date', 'scored.as_of_date') }}
                <= limits.declined
                then 'declined'
            when
                {{ days_between('contacts_dated.offered_date', 'scored.as_of_date') }}
                <= limits.recently_offered
                then 'recently_offered'
            when features.days_since_complaint <= limits.recently_complained
                then 'recently_complained'
        end as rule_name

    from scored

    -- Whoever has left or was erased since the snapshot is offered nothing.
    inner join customers
        on scored.customer_id = customers.customer_id

    cross join limits

    left join features
        on scored.customer_id = features.customer_id
        and scored.as_of_date = features.as_of_date

    left join held_families
        on scored.customer_id = held_families.customer_id
        and scored.product_family = held_families.product_family

    left join risky_families
        on scored.product_family = risky_families.product_family

    left join families_dated
        on scored.customer_id = families_dated.customer_id
        and scored.product_family = families_dated.product_family

    left join contacts_dated
        on scored.customer_id = contacts_dated.customer_id

),

ranked as (

    select
        *,
        case
            when rule_name is null then row_number() over (
                partition by customer_id, rule_name is null
                order by open_probability desc nulls last, product_family asc nulls last
            )
        end as place

    from judged

),

decided as (

    select
        *,
        case
            when place > most_offers then 'outranked'
            else rule_name
        end as verdict_rule

    from ranked

)

select
    decided.customer_id,
    decided.product_family,
    decided.as_of_date,
    coalesce(rules_in_force.decision_stage, 'offered') as decision_stage,
    decided.verdict_rule as rule_name,
    rules_in_force.rule_text,
    rules_in_force.rule_text_zh,
    cast(
        case when decided.verdict_rule is null then decided.place end as integer
    ) as offer_rank,
    decided.open_probability,
    decided.branch_id,
    decided.manager_id,
    decided.run_id

from decided

left join rules_in_force
    on decided.verdict_rule = rules_in_force.rule_name
