{# SQL that fails with a message. #}
{% macro raise_error(message) -%}
    {{ return(adapter.dispatch('raise_error')(message | replace("'", "''"))) }}
{%- endmacro %}

{% macro duckdb__raise_error(message) -%}
    select error('{{ message }}')
{%- endmacro %}

{% macro spark__raise_error(message) -%}
    select raise_error('{{ message }}')
{%- endmacro %}
