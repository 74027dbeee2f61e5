{# Aggregates that engines have under names of their own. #}

{# Texts of several rows in one line. #}
{% macro list_text(text, ordered_by, separator='; ') -%}
    {{ return(adapter.dispatch('list_text')(text, ordered_by, separator)) }}
{%- endmacro %}

{% macro default__list_text(text, ordered_by, separator) -%}
    listagg({{ text }}, '{{ separator }}')
        within group (order by {{ ordered_by }} asc nulls last)
{%- endmacro %}

{% macro duckdb__list_text(text, ordered_by, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ ordered_by }} asc nulls last)
{%- endmacro %}

{# The value of the row with the greatest of some columns, compared in their order.
   Where the value may be null, filter: engines differ in whether they skip it. #}
{% macro value_of_greatest(value, columns) -%}
    {{ return(adapter.dispatch('value_of_greatest')(value, columns)) }}
{%- endmacro %}

{% macro duckdb__value_of_greatest(value, columns) -%}
    arg_max({{ value }}, row({{ columns | join(', ') }}))
{%- endmacro %}

{% macro spark__value_of_greatest(value, columns) -%}
    max_by({{ value }}, struct({{ columns | join(', ') }}))
{%- endmacro %}
