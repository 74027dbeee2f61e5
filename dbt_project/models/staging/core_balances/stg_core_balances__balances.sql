with

source as (

    {{ accepted_rows('core_balances', 'balances') }}

),

renamed as (

    select

        ---------- ids
        account_number as account_id,
        delivery_id,

        ---------- strings
        currency_code,

        ---------- numerics
        balance,

        ---------- dates
        balance_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
