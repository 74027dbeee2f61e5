{# A table: read by tiers, features and the mart. #}
{{ config(materialized='table') }}

with

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

ties as (

    select * from {{ ref('int_ties_found_to_snapshots') }}

),

-- Who is tied to somebody is of the household of whom that one is tied to.
first_members as (

    {{ first_of_tied(
        'ties', 'as_of_date', 'customer_id', 'other_customer_id', 'first_customer_id'
    ) }}

)

select
    snapshots.customer_id,
    snapshots.as_of_date,
    coalesce(first_members.first_customer_id, snapshots.customer_id) as household_id,
    count(*) over (
        partition by
            snapshots.as_of_date,
            coalesce(first_members.first_customer_id, snapshots.customer_id)
    ) as household_member_count

from snapshots

left join first_members
    on snapshots.customer_id = first_members.customer_id
    and snapshots.as_of_date = first_members.as_of_date
