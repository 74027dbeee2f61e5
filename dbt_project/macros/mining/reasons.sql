{# What customer_features.yml says of how reasons are put in words: rows of concept,
   level and two texts. None while dbt, or a linter, has not read the whole project. #}
{% macro list_wordings() -%}
    {%- set rows = [] -%}
    {%- if execute and graph is mapping -%}
        {%- set features = graph.nodes['model.bank_crm.customer_features'] -%}
        {%- for concept, levels in features.config.meta.concepts.items() -%}
            {%- for level, texts in levels.items() -%}
                {%- do rows.append((concept, level, texts.en, texts.zh)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{%- endmacro %}
