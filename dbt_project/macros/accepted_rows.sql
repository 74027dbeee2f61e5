{#
    The rows of a source that a gate has accepted, each with superseded_at: when a
    restatement of its delivery became known, null where there is none. This is the one
    join in staging, so that nothing downstream can read a delivery that is held.
#}
{% macro accepted_rows(source_name, table_name) -%}
select
    delivered.*,
    deliveries.superseded_at
from {{ source(source_name, table_name) }} as delivered
inner join {{ source('ops', 'accepted_deliveries') }} as deliveries
    on delivered.delivery_id = deliveries.delivery_id
{%- endmacro %}
