{# Texts of several rows in one line. #}
{% macro joined(text, ordered_by, separator='; ') -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ ordered_by }})
{%- endmacro %}
