{# Days and moments, of which either may be missing or have no end. #}

{# A day and so many more; fewer where the count is negative. #}
{% macro add_days(day, count) -%}
    {{ day }} + {{ count }}
{%- endmacro %}

{# The end of time, for what has no end yet: unlike null, it compares. #}
{% macro never() -%}
    date '9999-12-31'
{%- endmacro %}

{# The beginning of time, for what has no known beginning. #}
{% macro always() -%}
    date '0001-01-01'
{%- endmacro %}

{# The earlier of two moments of which either may be missing. #}
{% macro earlier_of(one, other) -%}
    least(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{# The later of two moments of which either may be missing. #}
{% macro later_of(one, other) -%}
    greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{# The last day whose cut-off was too early for what became known at this moment: the
   first snapshot that may use it is the first one after that day. #}
{% macro last_day_missed(known_at) -%}
    cast(
        {{ known_at }} - interval {{ var('cut_off_hours') }} hour
        - interval 1 microsecond as date
    )
{%- endmacro %}
