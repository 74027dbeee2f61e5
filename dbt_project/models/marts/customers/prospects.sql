with

people as (

    select * from {{ ref('stg_partner__people') }}

),

prospect_identities as (

    select * from {{ ref('stg_ops__prospect_identities') }}

),

customer_identities as (

    select * from {{ ref('stg_ops__customer_identities') }}

),

customers as (

    select * from {{ ref('int_customers_registered') }}

),

loyalty_stages as (

    {{ dated(ref('loyalty_stages'), ['loyalty_stage']) }}

),

-- Said twice, the later word counts.
standing_people as (

    select
        person_id,
        reported_date,
        person_kind,
        partner_kind,
        partner_id,
        referrer_customer_id,
        gender,
        birth_date,
        has_contact_consent

    from people

    where superseded_at is null

    qualify row_number() over (
        partition by person_id
        order by known_at desc nulls last, delivery_id desc nulls last
    ) = 1

),

found as (

    select
        standing_people.person_id,
        customers.customer_id,
        customers.registered_date,
        customers.pyramid_level,
        customers.loyalty_stage

    from standing_people

    inner join prospect_identities
        on standing_people.person_id = prospect_identities.person_id
        and prospect_identities.superseded_at is null

    inner join customers
        on prospect_identities.customer_id = customers.customer_id

),

judged as (

    select
        standing_people.person_id,
        standing_people.reported_date,
        standing_people.partner_kind as introduced_by,
        standing_people.partner_id,
        coalesce(
            customer_identities.customer_id, standing_people.referrer_customer_id
        ) as referrer_customer_id,
        standing_people.gender,
        standing_people.birth_date,
        standing_people.has_contact_consent,
        standing_people.person_kind as reported_level,
        {{ stage_before_use(
            "standing_people.person_kind = 'prospect'",
            'standing_people.has_contact_consent',
        ) }} as reported_stage,
        found.customer_id,
        found.registered_date,
        found.pyramid_level,
        found.loyalty_stage

    from standing_people

    left join found
        on standing_people.person_id = found.person_id

    left join customer_identities
        on standing_people.referrer_customer_id
        = customer_identities.registered_customer_id
        and customer_identities.superseded_at is null

)

select
    judged.person_id,
    judged.reported_date,
    judged.introduced_by,
    judged.partner_id,
    judged.referrer_customer_id,
    coalesce(judged.gender, 'unknown') as gender,
    cast(extract(year from judged.birth_date) as integer) as birth_year,
    judged.has_contact_consent,
    judged.reported_level,
    judged.reported_stage,
    judged.customer_id,
    coalesce(judged.registered_date <= judged.reported_date, false)
        as was_customer_before,
    case
        when judged.registered_date > judged.reported_date
            then judged.registered_date
    end as became_customer_date,
    coalesce(judged.pyramid_level, judged.reported_level) as pyramid_level,
    coalesce(judged.loyalty_stage, judged.reported_stage) as loyalty_stage,
    loyalty_stages.recommended_action,
    loyalty_stages.recommended_action_zh

from judged

left join loyalty_stages
    on coalesce(judged.loyalty_stage, judged.reported_stage)
    = loyalty_stages.loyalty_stage
    and loyalty_stages.valid_to = {{ never() }}
