with

source as (

    {{ accepted_rows('branch', 'visits') }}

),

renamed as (

    select

        ---------- ids
        'branch:' || visit_number as transaction_id,
        customer_number as customer_id,
        account_number as account_id,
        branch_code as branch_id,
        teller_code as teller_id,
        delivery_id,

        ---------- strings
        event_type,
        currency_code,

        ---------- numerics
        amount,
        {{ seconds_between('ticket_taken_at', 'called_at') }} as wait_seconds,

        ---------- timestamps
        occurred_at,
        ticket_taken_at,
        called_at,
        served_at,
        known_at,
        superseded_at

    from source

)

select * from renamed
