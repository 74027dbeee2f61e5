{# What engines say of dates in words of their own. SQL that only one engine speaks
   stands in this folder, in a macro named after the engine, and nowhere else. #}

{# Days from one date to another; negative where the other is the earlier. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{# Whole seconds from one moment to another. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'second') }}
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}

{# One row per day from the first to the last, both included; none without either. #}
{% macro days_from_to(first, last) -%}
    {{ return(adapter.dispatch('days_from_to')(first, last)) }}
{%- endmacro %}

{% macro duckdb__days_from_to(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro %}

{% macro spark__days_from_to(first, last) -%}
    explode(
        sequence(cast({{ first }} as date), cast({{ last }} as date), interval 1 day)
    )
{%- endmacro %}

{# The day of the week: 1 for Monday to 7 for Sunday. #}
{% macro weekday_number(day) -%}
    {{ return(adapter.dispatch('weekday_number')(day)) }}
{%- endmacro %}

{% macro duckdb__weekday_number(day) -%}
    extract(isodow from {{ day }})
{%- endmacro %}

{% macro spark__weekday_number(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}
