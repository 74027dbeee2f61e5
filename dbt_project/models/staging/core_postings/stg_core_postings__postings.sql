with

source as (

    {{ accepted_rows('core_postings', 'postings') }}

),

renamed as (

    select

        ---------- ids
        'core_postings:' || posting_number as transaction_id,
        account_number as account_id,
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
