with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

households as (

    select * from {{ ref('int_households_found_to_snapshots') }}

),

referrals as (

    select * from {{ ref('int_referrals_counted_to_snapshots') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_summed_to_snapshots') }}

),

offers as (

    select * from {{ ref('int_offers_counted_to_snapshots') }}

),

answers as (

    select * from {{ ref('int_answers_found_to_snapshots') }}

)

select
    snapshots.customer_id,
    snapshots.as_of_date,
    cast(households.household_member_count as double) as household_member_count,
    cast(coalesce(referrals.referral_count, 0) as double) as referral_count,
    cast(coalesce(subscriptions.subscription_count_365d, 0) as double)
        as subscription_count_365d,
    cast(coalesce(subscriptions.subscription_amount_sum_365d_cny, 0) as double)
        as subscription_amount_sum_365d_cny,
    cast(coalesce(offers.offer_count_365d, 0) as double) as offer_count_365d,
    cast(coalesce(offers.offer_accepted_count_365d, 0) as double)
        as offer_accepted_count_365d,
    cast(coalesce(offers.offer_declined_count_365d, 0) as double)
        as offer_declined_count_365d,
    cast(coalesce(answers.score_count_365d, 0) as double) as survey_score_count_365d,
    answers.experience_score_mean_365d,
    answers.satisfaction_gap_mean_365d

from snapshots

left join households
    on snapshots.customer_id = households.customer_id
    and snapshots.as_of_date = households.as_of_date

left join referrals
    on snapshots.customer_id = referrals.customer_id
    and snapshots.as_of_date = referrals.as_of_date

left join subscriptions
    on snapshots.customer_id = subscriptions.customer_id
    and snapshots.as_of_date = subscriptions.as_of_date

left join offers
    on snapshots.customer_id = offers.customer_id
    and snapshots.as_of_date = offers.as_of_date

left join answers
    on snapshots.customer_id = answers.customer_id
    and snapshots.as_of_date = answers.as_of_date
