-- Products of a family are held alike and offered alike; its name can be a column's.
with

products as (

    select * from {{ ref('product_families') }}

)

select
    product_family,
    count(distinct holding_class) as class_count,
    count(distinct is_offered) as offered_count

from products

group by product_family

having
    count(distinct holding_class) > 1
    or count(distinct is_offered) > 1
    or product_family != lower(replace(product_family, ' ', '_'))
    -- What a code of no row counts under.
    or product_family = 'unknown'
