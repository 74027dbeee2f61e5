with

phases as (

    {{ dated(ref('touchpoint_phases'), ['touchpoint']) }}

),

contacts as (

    select * from {{ ref('int_contacts_summed_to_touchpoint_months') }}

),

months as (

    select distinct month_date from contacts

)

-- All 28 in every month: a touchpoint that nobody uses, or no source tells of, shows.
select
    months.month_date,
    phases.touchpoint,
    phases.phase,
    phases.phase_order,
    phases.contact_class,
    phases.is_key_point,
    cast(coalesce(contacts.contact_count, 0) as integer) as contact_count,
    cast(coalesce(contacts.customer_count, 0) as integer) as customer_count,
    contacts.branch_wait_minutes_mean,
    cast(coalesce(contacts.branch_wait_over_30_minutes_count, 0) as integer)
        as branch_wait_over_30_minutes_count

from months

inner join phases
    on months.month_date >= phases.valid_from
    and months.month_date < phases.valid_to

left join contacts
    on months.month_date = contacts.month_date
    and phases.touchpoint = contacts.touchpoint
