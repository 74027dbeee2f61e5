with

links as (

    select * from {{ ref('int_identifiers_linked_to_customers') }}

),

changed_deliveries as (

    select * from {{ ref('stg_ops__changed_deliveries') }}

)

-- What came to an end is touched, too: it may have had no successor.
select distinct identifier

from links

where
    coalesce(superseded_at, known_at) >= (
        select min(changed_deliveries.known_from)
        from changed_deliveries
        where
            changed_deliveries.source
            in ('core_customers', 'core_accounts', 'identities')
    )
