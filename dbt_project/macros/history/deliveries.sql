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

{# Whether a row was known at a snapshot, and is of a day before it. #}
{% macro is_known_at(stated, happened, snapshot) -%}
    {{ stated }}.{{ happened }} < {{ snapshot }}.as_of_date
    and {{ stated }}.known_at <= {{ snapshot }}.cut_off_at
    and coalesce({{ stated }}.superseded_at > {{ snapshot }}.cut_off_at, true)
{%- endmacro %}
