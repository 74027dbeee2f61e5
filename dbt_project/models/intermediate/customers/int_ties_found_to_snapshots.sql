{# A table: households are found from it, and tested by it. #}
{{ config(materialized='table') }}

with

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
            memberships.group_name not like 'address %'
            or count(*) <= rules.tier_household_address_members
        )

)

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
