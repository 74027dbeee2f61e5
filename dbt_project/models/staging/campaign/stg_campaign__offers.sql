with

source as (

    {{ accepted_rows('campaign', 'offers') }}

),

renamed as (

    select

        ---------- ids
        'campaign:' || offer_number as offer_id,
        campaign_code as campaign_id,
        customer_number as customer_id,
        delivery_id,

        ---------- strings
        product_code,
        channel,
        status,
        reason,

        ---------- booleans
        is_control,

        ---------- dates
        offered_date,
        changed_date,

        ---------- timestamps
        known_at,
        superseded_at

    from source

)

select * from renamed
