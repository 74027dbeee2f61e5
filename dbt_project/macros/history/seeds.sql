{# Seeds are dated: a row is in force from its valid_from until the next of its key. #}

{# The rows of a seed, each with the day on which the next one of its key takes over. #}
{% macro dated(seed, keys) -%}
select
    *,
    lead(valid_from, 1, {{ never() }}) over (
        partition by {{ keys | join(', ') }} order by valid_from asc nulls last
    ) as valid_to
from {{ seed }}
{%- endmacro %}

{# What makes a snapshot of a seed's rows: those in force on the day before it began. #}
{% macro in_force_at(seed, snapshot) -%}
    {{ seed }}.valid_from < {{ snapshot }}.as_of_date
    and {{ seed }}.valid_to >= {{ snapshot }}.as_of_date
{%- endmacro %}
