with

scores as (

    select * from {{ ref('stg_ml__scores') }}

),

customer_features as (

    select * from {{ ref('customer_features') }}

),

source_scores as (

    select * from {{ ref('int_delivery_checks_scored_to_snapshots') }}

),

source_days as (

    select * from {{ ref('int_source_days_counted_to_snapshots') }}

),

reasons as (

    select * from {{ ref('score_reasons') }}

),

churn_scores as (

    select
        customer_id,
        as_of_date,
        probability as churn_probability,
        estimator_version,
        run_id

    from scores

    where use_case = 'churn'

),

best_families as (

    select
        customer_id,
        as_of_date,
        product_family,
        probability as open_probability,
        estimator_version,
        run_id

    from scores

    where use_case = 'cross_sell'

    qualify row_number() over (
        partition by customer_id, as_of_date
        order by probability desc nulls last, product_family asc nulls last
    ) = 1

),

scored_snapshots as (

    select
        customer_id,
        as_of_date,
        max(scored_at) as scored_at

    from scores

    group by all

),

growth_scores as (

    select
        customer_id,
        as_of_date,
        probability as growth_probability,
        estimator_version,
        run_id

    from scores

    where use_case = 'growth'

),

-- The worst of the sources that a customer's features came from.
sources_scored as (

    select
        customer_features.customer_id,
        customer_features.as_of_date,
        min(source_scores.score) as score

    from customer_features

    inner join source_scores
        on customer_features.as_of_date = source_scores.as_of_date
        and case source_scores.source
            when 'atm' then customer_features.atm_event_count_365d
            when 'branch' then customer_features.branch_event_count_365d
            when 'card' then customer_features.card_event_count_365d
            when 'online' then customer_features.online_event_count_365d
            when 'phone' then customer_features.phone_event_count_365d
            when 'survey' then customer_features.survey_score_count_365d
            when 'campaign' then customer_features.offer_count_365d
            when 'core_subscriptions' then customer_features.subscription_count_365d
            when 'core_customers' then 1
            when 'core_accounts' then 1
            when 'core_balances' then 1
            when 'core_postings' then customer_features.automatic_event_count_90d
            else 0
        end > 0

    group by all

),

-- What a source did not deliver is behind nobody's score, whoever had acted there.
source_days_shared as (

    select
        as_of_date,
        min(known_count * 1.0 / owed_count) as source_day_share

    from source_days

    group by as_of_date

),

-- The worse of how sound the sources were, and how whole.
graded as (

    select
        scored_snapshots.customer_id,
        scored_snapshots.as_of_date,
        cast(source_days_shared.source_day_share as double) as source_day_share,
        case
            when source_days_shared.source_day_share < sources_scored.score
                then source_days_shared.source_day_share
            else sources_scored.score
        end as score

    from scored_snapshots

    left join sources_scored
        on scored_snapshots.customer_id = sources_scored.customer_id
        and scored_snapshots.as_of_date = sources_scored.as_of_date

    left join source_days_shared
        on scored_snapshots.as_of_date = source_days_shared.as_of_date

),

-- Only those of the run that made the score explain it.
reasons_joined as (

    select
        use_case,
        customer_id,
        as_of_date,
        coalesce(product_family, '') as product_family,
        run_id,
        {{ list_text('reason', 'reason_rank') }} as reasons,
        {{ list_text('reason_zh', 'reason_rank', '；') }} as reasons_zh

    from reasons

    group by all

)

select
    scored_snapshots.customer_id,
    scored_snapshots.as_of_date,
    churn_scores.churn_probability,
    churn_scores.estimator_version as churn_estimator_version,
    churn_scores.run_id as churn_run_id,
    best_families.product_family as best_product_family,
    best_families.open_probability,
    best_families.estimator_version as cross_sell_estimator_version,
    best_families.run_id as cross_sell_run_id,
    growth_scores.growth_probability,
    growth_scores.estimator_version as growth_estimator_version,
    growth_scores.run_id as growth_run_id,
    scored_snapshots.scored_at,
    case
        when graded.score >= 0.99 then 'A'
        when graded.score >= 0.95 then 'B'
        when graded.score >= 0.9 then 'C'
        when graded.score < 0.9 then 'D'
    end as data_quality_grade,
    graded.source_day_share,
    churn_reasons.reasons as churn_reasons,
    churn_reasons.reasons_zh as churn_reasons_zh,
    open_reasons.reasons as open_reasons,
    open_reasons.reasons_zh as open_reasons_zh,
    growth_reasons.reasons as growth_reasons,
    growth_reasons.reasons_zh as growth_reasons_zh

from scored_snapshots

left join churn_scores
    on scored_snapshots.customer_id = churn_scores.customer_id
    and scored_snapshots.as_of_date = churn_scores.as_of_date

left join best_families
    on scored_snapshots.customer_id = best_families.customer_id
    and scored_snapshots.as_of_date = best_families.as_of_date

left join growth_scores
    on scored_snapshots.customer_id = growth_scores.customer_id
    and scored_snapshots.as_of_date = growth_scores.as_of_date

left join graded
    on scored_snapshots.customer_id = graded.customer_id
    and scored_snapshots.as_of_date = graded.as_of_date

left join reasons_joined as churn_reasons
    on churn_reasons.use_case = 'churn'
    and scored_snapshots.customer_id = churn_reasons.customer_id
    and scored_snapshots.as_of_date = churn_reasons.as_of_date
    and churn_scores.run_id = churn_reasons.run_id

left join reasons_joined as open_reasons
    on open_reasons.use_case = 'cross_sell'
    and scored_snapshots.customer_id = open_reasons.customer_id
    and scored_snapshots.as_of_date = open_reasons.as_of_date
    and best_families.product_family = open_reasons.product_family
    and best_families.run_id = open_reasons.run_id

left join reasons_joined as growth_reasons
    on growth_reasons.use_case = 'growth'
    and scored_snapshots.customer_id = growth_reasons.customer_id
    and scored_snapshots.as_of_date = growth_reasons.as_of_date
    and growth_scores.run_id = growth_reasons.run_id
