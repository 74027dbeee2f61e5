{# A table: read by tiers, features and the mart. #}
{{ config(materialized='table') }}

with recursive

snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

joint_holders as (

    select * from {{ ref('int_joint_holder_versions') }}

),

account_versions as (

    select * from {{ ref('int_account_versions') }}

),

rules as (

    select * from {{ ref('int_rules_found_to_snapshots') }}

),

-- A holder and the owner are each of the account's group.
joint_accounts as (

    select
        snapshots.as_of_date,
        joint_holders.account_id,
        snapshots.customer_id,
        account_versions.customer_id as owner_id

    from joint_holders

    inner join snapshots
        on joint_holders.customer_id = snapshots.customer_id
        and {{ is_in_force('joint_holders', 'snapshots') }}

    inner join account_versions
        on joint_holders.account_id = account_versions.account_id
        and {{ is_in_force('account_versions', 'snapshots') }}
        and account_versions.closed_date >= snapshots.as_of_date

    where joint_holders.is_open

),

memberships as (

    select
        as_of_date,
        'account ' || account_id as group_name,
        customer_id
    from joint_accounts

    union distinct

    select
        joint_accounts.as_of_date,
        'account ' || joint_accounts.account_id as group_name,
        joint_accounts.owner_id as customer_id
    from joint_accounts
    inner join snapshots
        on joint_accounts.owner_id = snapshots.customer_id
        and joint_accounts.as_of_date = snapshots.as_of_date

    union distinct

    select
        as_of_date,
        'declared ' || household_pseudonym as group_name,
        customer_id
    from snapshots
    where household_pseudonym is not null

    union distinct

    select
        as_of_date,
        'address ' || address_pseudonym as group_name,
        customer_id
    from snapshots
    where address_pseudonym is not null

),

-- Everybody of a group is tied to its first member.
groups as (

    select
        memberships.as_of_date,
        memberships.group_name,
        min(memberships.customer_id) as first_customer_id

    from memberships

    inner join rules
        on memberships.as_of_date = rules.as_of_date

    group by
        memberships.as_of_date,
        memberships.group_name,
        rules.tier_household_address_members

    having
        count(*) > 1
        and (
            not starts_with(memberships.group_name, 'address ')
            or count(*) <= rules.tier_household_address_members
        )

),

ties as (

    select
        memberships.as_of_date,
        memberships.customer_id,
        groups.first_customer_id as other_customer_id
    from groups
    inner join memberships
        on groups.as_of_date = memberships.as_of_date
        and groups.group_name = memberships.group_name

    union distinct

    select
        memberships.as_of_date,
        groups.first_customer_id as customer_id,
        memberships.customer_id as other_customer_id
    from groups
    inner join memberships
        on groups.as_of_date = memberships.as_of_date
        and groups.group_name = memberships.group_name

),

-- Who is tied to somebody is of the household of whom that one is tied to.
reached as (

    select
        as_of_date,
        customer_id,
        other_customer_id
    from ties

    union distinct

    select
        reached.as_of_date,
        reached.customer_id,
        ties.other_customer_id
    from reached
    inner join ties
        on reached.as_of_date = ties.as_of_date
        and reached.other_customer_id = ties.customer_id

),

first_members as (

    select
        as_of_date,
        customer_id,
        min(other_customer_id) as first_customer_id

    from reached

    group by all

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
