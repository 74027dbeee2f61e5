{# Null does not hold either: a condition on what may be null has to say so. #}
{% test always_true(model, condition) %}
select 1 as is_broken
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
