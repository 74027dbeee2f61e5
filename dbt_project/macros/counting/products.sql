{# What customers hold. #}

{# 1 where one of the accounts is such, else 0. #}
{% macro holds(condition) -%}
    cast(coalesce(bool_or({{ condition }}), false) as double)
{%- endmacro %}

{# The sum of those balances that are such; 0 where none is. #}
{% macro balance_where(balance, condition) -%}
    cast(coalesce(sum({{ balance }}) filter (where {{ condition }}), 0) as double)
{%- endmacro %}
