with

source as (

    {{ accepted_rows('phone', 'contacts') }}

),

renamed as (

    select

        ---------- ids
        'phone:' || contact_number as transaction_id,
        customer_number as customer_id,
        phone_number as phone_id,
        agent_code as agent_id,
        delivery_id,

        ---------- strings
        event_type,
        direction,

        ---------- numerics
        duration_seconds,

        ---------- timestamps
        occurred_at,
        known_at,
        superseded_at

    from source

)

select * from renamed
