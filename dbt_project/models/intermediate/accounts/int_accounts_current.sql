with

account_versions as (

    select * from {{ ref('int_account_versions') }}

)

select
    account_id,
    customer_id,
    product_code,
    product_family,
    currency_code,
    opened_date,
    closed_date

from account_versions

where
    superseded_at is null
    and valid_to = {{ never() }}
