with

source as (

    {{ accepted_rows('card', 'postings') }}

),

renamed as (

    select

        ---------- ids
        'card:' || posting_number as transaction_id,
        card_number as card_id,
        account_number as account_id,
        merchant_code as merchant_id,
        delivery_id,

        ---------- strings
        event_type,
        category_code,
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
