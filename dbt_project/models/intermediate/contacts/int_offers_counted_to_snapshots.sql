with

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

offers as (

    select * from {{ ref('stg_campaign__offers') }}

),

identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

offers_resolved as (

    {{ resolved('offers', 'identities', [
        'offer_id',
        'status',
        'is_control',
        'offered_date',
        'changed_date',
    ]) }}

)

-- An offer is one row when it is made and another when it ends.
select
    offers.customer_id,
    as_of_dates.as_of_date,
    count(distinct offers.offer_id) filter (
        where not offers.is_control and offers.status = 'made'
    ) as offer_count_365d,
    count(distinct offers.offer_id) filter (where offers.status = 'accepted')
        as offer_accepted_count_365d,
    count(distinct offers.offer_id) filter (where offers.status = 'declined')
        as offer_declined_count_365d,
    max(offers.offered_date) filter (where not offers.is_control) as last_offered_date

from offers_resolved as offers

inner join as_of_dates
    on {{ is_known_at('offers', 'changed_date', 'as_of_dates') }}
    and {{ is_in_last_days('offers.changed_date', 365, 'as_of_dates.as_of_date') }}

group by all
