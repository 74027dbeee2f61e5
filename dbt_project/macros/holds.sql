{# 1 where one of the accounts is open and of this family, else 0. #}
{% macro holds(family) -%}
    cast(
        coalesce(bool_or(is_open and product_family = '{{ family }}'), false) as double
    )
{%- endmacro %}
