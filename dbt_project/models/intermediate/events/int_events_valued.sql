with

events as (

    select * from {{ ref('int_events_united') }}

),

event_initiatives as (

    {{ dated(ref('event_initiatives'), ['source', 'event_type']) }}

),

exchange_rates as (

    {{ dated(ref('exchange_rates'), ['currency_code']) }}

)

select
    events.transaction_id,
    case events.source_name
        when 'core_postings' then 'ledger'
        else events.source_name
    end as channel,
    events.event_type,
    event_initiatives.initiative,
    events.identifier,
    events.account_id,
    events.branch_id,
    cast(events.occurred_at as date) as occurred_date,
    events.occurred_at,
    events.amount,
    events.currency_code,
    {{ to_cny('events.amount', 'exchange_rates.rate_to_cny') }} as amount_cny,
    events.wait_seconds,
    events.known_at,
    events.superseded_at,
    events.delivery_id

from events

left join event_initiatives
    on events.source_name = event_initiatives.source
    and events.event_type = event_initiatives.event_type
    and events.occurred_at >= event_initiatives.valid_from
    and events.occurred_at < event_initiatives.valid_to

left join exchange_rates
    on events.currency_code = exchange_rates.currency_code
    and events.occurred_at >= exchange_rates.valid_from
    and events.occurred_at < exchange_rates.valid_to
