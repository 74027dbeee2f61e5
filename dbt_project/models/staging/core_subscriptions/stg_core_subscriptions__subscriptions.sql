with

source as (

    {{ accepted_rows('core_subscriptions', 'subscriptions') }}

),

renamed as (

    select

        ---------- ids
        'core_subscriptions:' || subscription_number as subscription_id,
        account_number as account_id,
        delivery_id,

        ---------- strings
        product_code,
        currency_code,

        ---------- numerics
        amount,

        ---------- dates
        subscribed_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
