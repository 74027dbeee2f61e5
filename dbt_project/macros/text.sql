{# Texts of several rows in one line. #}
{% macro joined(text, ordered_by) -%}
    string_agg({{ text }}, '; ' order by {{ ordered_by }})
{%- endmacro %}
