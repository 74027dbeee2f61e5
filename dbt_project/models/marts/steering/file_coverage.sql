with

fields as (

    {{ dated(ref('customer_file_fields'), ['field']) }}

),

customers as (

    select * from {{ ref('int_customers_registered') }}

),

counted as (

    select
        count(*) as customer_count,
        count(birth_year) as birth_year_count,
        count(net_assets_cny) as net_assets_count,
        count(household_id) as household_count,
        count(financial_knowledge) as financial_knowledge_count,
        count(life_value) as life_value_count,
        count(risk_tolerance) as risk_tolerance_count

    from customers

)

select
    fields.field,
    fields.field_order,
    fields.field_en,
    fields.field_zh,
    fields.part,
    fields.part_zh,
    fields.shown_in,
    fields.shown_in is not null as is_observed,
    cast(
        case fields.shown_in
            when 'customers.birth_year' then counted.birth_year_count
            when 'customers.net_assets_cny' then counted.net_assets_count
            when 'customers.household_id' then counted.household_count
            when 'customers.financial_knowledge' then counted.financial_knowledge_count
            when 'customers.life_value' then counted.life_value_count
            when 'customers.risk_tolerance' then counted.risk_tolerance_count
        end as integer
    ) as known_count,
    cast(counted.customer_count as integer) as customer_count

from fields

inner join counted
    on counted.customer_count > 0

where fields.valid_to = {{ never() }}
