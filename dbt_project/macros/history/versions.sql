{#
    What was true of a key, in both times. The relation holds rows that became true on
    changed_date and were known from known_at until superseded_at. The answer holds, for
    each period in which the same rows were known, the row in force from valid_from until
    valid_to (9999-12-31: still): one for any day and moment after the first.

    Late, corrected and withdrawn rows need no case of their own: every moment at which
    what is known of a key changes begins a new period.
#}
{% macro versions(relation, key, columns) -%}
select
    {{ key }},
    {{ columns | join(',\n    ') }},
    changed_date as valid_from,
    lead(changed_date, 1, {{ never() }}) over (
        partition by {{ key }}, known_at order by changed_date asc nulls last
    ) as valid_to,
    known_at,
    superseded_at
from (
    select
        periods.{{ key }},
        stated.{{ columns | join(',\n        stated.') }},
        stated.changed_date,
        periods.known_at,
        periods.superseded_at
    from (
        select
            {{ key }},
            known_at,
            lead(known_at) over (
                partition by {{ key }} order by known_at asc nulls last
            ) as superseded_at
        from (
            select {{ key }}, known_at from {{ relation }}
            union distinct
            select {{ key }}, superseded_at as known_at from {{ relation }}
            where superseded_at is not null
        ) as moments
    ) as periods
    inner join {{ relation }} as stated
        on periods.{{ key }} = stated.{{ key }}
        and periods.known_at >= stated.known_at
        and coalesce(periods.known_at < stated.superseded_at, true)
    -- Said twice of the same day, the later word counts; said at once, always the same.
    qualify row_number() over (
        partition by periods.{{ key }}, periods.known_at, stated.changed_date
        order by
            stated.known_at desc nulls last,
            stated.delivery_id desc nulls last,
            stated.{{ columns | join(' asc nulls last,\n            stated.') }}
            asc nulls last
    ) = 1
) as in_force
{%- endmacro %}

{# Whether a version is the one that a snapshot has to use. #}
{% macro is_in_force(version, snapshot) -%}
    {{ version }}.valid_from < {{ snapshot }}.as_of_date
    and {{ version }}.valid_to >= {{ snapshot }}.as_of_date
    and {{ version }}.known_at <= {{ snapshot }}.cut_off_at
    and coalesce({{ version }}.superseded_at > {{ snapshot }}.cut_off_at, true)
{%- endmacro %}
