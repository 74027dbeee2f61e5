with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

people as (

    {{ resolved(ref('stg_partner__people'), 'referrer_customer_id') }}

)

select
    people.referrer_customer_id as customer_id,
    as_of_dates.as_of_date,
    count(distinct people.person_id) as referral_count

from people

inner join as_of_dates
    on {{ is_known_at('people', 'reported_date', 'as_of_dates') }}

where
    people.partner_kind = 'referral'
    and people.referrer_customer_id is not null

group by all
