with

events as (

    select * from {{ ref('int_events_valued') }}

),

links as (

    select * from {{ ref('int_identifiers_linked_to_customers') }}

)

-- An event is known to be a customer's once both it and the link are known.
select
    links.customer_id,
    events.channel,
    events.event_type,
    events.initiative,
    events.occurred_date,
    events.amount_cny,
    events.wait_seconds,
    greatest(events.known_at, links.known_at) as known_at,
    {{ earlier_of('events.superseded_at', 'links.superseded_at') }} as superseded_at

from events

inner join links
    on events.identifier = links.identifier
    and events.occurred_date >= links.valid_from
    and events.occurred_date < links.valid_to
    and coalesce(events.known_at < links.superseded_at, true)
    and coalesce(events.superseded_at > links.known_at, true)
