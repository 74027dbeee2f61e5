with

source as (

    {{ accepted_rows('core_accounts', 'accounts') }}

),

renamed as (

    select

        ---------- ids
        account_number as account_id,
        customer_number as customer_id,
        card_number as card_id,
        delivery_id,

        ---------- strings
        role,
        product_code,
        currency_code,
        status,

        ---------- dates
        changed_date,
        opened_date,
        closed_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
