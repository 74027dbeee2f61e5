{# The rows of a seed, each with the day on which the next one of its key takes over. #}
{% macro dated(seed, keys) -%}
select
    *,
    lead(valid_from, 1, {{ never() }}) over (
        partition by {{ keys | join(', ') }} order by valid_from
    ) as valid_to
from {{ seed }}
{%- endmacro %}
