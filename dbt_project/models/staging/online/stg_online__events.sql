with

source as (

    {{ accepted_rows('online', 'events') }}

),

renamed as (

    select

        ---------- ids
        'online:' || event_number as transaction_id,
        login_name as login_id,
        account_number as account_id,
        delivery_id,

        ---------- strings
        event_type,
        device,
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
