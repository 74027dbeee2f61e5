with

registrations as (

    {{ resolved(ref('stg_core_customers__registrations')) }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

-- Whoever is registered again has been a customer since the first time.
first_registrations as (

    select
        customer_id,
        min(registered_date) as registered_date

    from identities

    where registered_customer_id != customer_id

    group by all

)

select
    registrations.* replace (
        least(registrations.registered_date, first_registrations.registered_date)
            as registered_date
    )

from registrations

left join first_registrations
    on registrations.customer_id = first_registrations.customer_id
