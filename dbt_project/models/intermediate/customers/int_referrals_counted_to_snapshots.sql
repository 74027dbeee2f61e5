with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

people as (

    select * from {{ ref('stg_partner__people') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

people_resolved as (

    {{ resolved(
        'people',
        'identities',
        ['person_id', 'partner_kind', 'reported_date'],
        customer_id='referrer_customer_id',
    ) }}

)

select
    people.referrer_customer_id as customer_id,
    as_of_dates.as_of_date,
    count(distinct people.person_id) as referral_count

from people_resolved as people

inner join as_of_dates
    on {{ is_known_at('people', 'reported_date', 'as_of_dates') }}

where
    people.partner_kind = 'referral'
    and people.referrer_customer_id is not null

group by all
