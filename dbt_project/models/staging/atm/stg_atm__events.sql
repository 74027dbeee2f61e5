with

source as (

    {{ accepted_rows('atm', 'events') }}

),

renamed as (

    select

        ---------- ids
        'atm:' || event_number as transaction_id,
        card_number as card_id,
        terminal_code as terminal_id,
        delivery_id,

        ---------- strings
        event_type,
        currency_code,

        ---------- numerics
        amount,

        ---------- timestamps
        occurred_at,
        known_at,
        superseded_at

    from source

)

select * from renamed
