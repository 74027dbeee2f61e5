{# What `use_cases` in dbt_project.yml says: a number of one of them. #}
{% macro of_use_case(use_case, name) -%}
    {{ return(var('use_cases')[use_case][name] | int) }}
{%- endmacro %}

{# Days from a snapshot until its outcome begins. #}
{% macro lead_days(use_case) -%}
    {{ return(of_use_case(use_case, 'lead_days')) }}
{%- endmacro %}

{# Days from a snapshot until its outcome is over, which is when it can be known. #}
{% macro days_until_known(use_case) -%}
    {{ return(lead_days(use_case) + of_use_case(use_case, 'horizon_days')) }}
{%- endmacro %}

{# The same of the outcome that takes longest. #}
{% macro days_until_all_are_known() -%}
    {%- set days = [] -%}
    {%- for use_case in var('use_cases') -%}
        {%- do days.append(days_until_known(use_case)) -%}
    {%- endfor -%}
    {{ return(days | max) }}
{%- endmacro %}
