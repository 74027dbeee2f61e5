select
    cast(null as {{ dbt.type_string() }}) as concept,
    cast(null as {{ dbt.type_string() }}) as level,  -- noqa: RF04
    cast(null as {{ dbt.type_string() }}) as text_en,
    cast(null as {{ dbt.type_string() }}) as text_zh
where false
{% for concept, level, text_en, text_zh in list_wordings() %}
union all
select
    '{{ concept }}',
    '{{ level }}',
    '{{ escape_single_quotes(text_en) }}',
    '{{ escape_single_quotes(text_zh) }}'
{% endfor %}
