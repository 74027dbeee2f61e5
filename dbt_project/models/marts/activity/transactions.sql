{{ config(**kept_by_delivery()) }}

with

links as (

    select * from {{ ref('int_identifiers_linked_to_customers') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

),

relinked as (

    select * from {{ ref('int_events_relinked') }}

),

events as (

    select * from {{ ref('int_events_valued') }}

    where
        superseded_at is null
    {% if is_kept() %}
        and delivery_id in (
            select changed_deliveries.delivery_id from changed_deliveries
        )

    union all

    select * from relinked
    {% endif %}

)

select
    events.transaction_id,
    links.customer_id,
    coalesce(events.account_id, links.account_id) as account_id,
    events.channel,
    events.event_type,
    events.initiative,
    events.branch_id,
    events.occurred_at,
    events.amount,
    events.currency_code,
    events.amount_cny,
    events.wait_seconds / 60 as branch_wait_minutes,
    {{ later_of('events.known_at', 'links.known_at') }} as known_at,
    events.delivery_id

from events

left join links
    on events.identifier = links.identifier
    and events.occurred_date >= links.valid_from
    and events.occurred_date < links.valid_to
    and links.superseded_at is null
