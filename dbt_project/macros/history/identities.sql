{#
    Some columns of a relation, with the customer that each registration belongs to. A row
    of somebody registered twice is the second number's until the merge was known, and the
    first number's from then on: two rows, known in two periods that do not meet. Both
    relations say from known_at until superseded_at.
#}
{% macro resolved(relation, identities, columns, customer_id='customer_id') -%}
select
    stated.{{ columns | join(',\n    stated.') }},
    stated.{{ customer_id }} as registered_{{ customer_id }},
    coalesce(identities.customer_id, stated.{{ customer_id }}) as {{ customer_id }},
    {{ later_of('stated.known_at', 'identities.known_at') }} as known_at,
    {{ earlier_of('stated.superseded_at', 'identities.superseded_at') }}
        as superseded_at
from {{ relation }} as stated
left join {{ identities }} as identities
    on stated.{{ customer_id }} = identities.registered_customer_id
    and coalesce(identities.superseded_at > stated.known_at, true)
    and coalesce(stated.superseded_at > identities.known_at, true)
{%- endmacro %}
