select
    cast(null as varchar) as concept,
    cast(null as varchar) as level,  -- noqa: RF04
    cast(null as varchar) as text_en,
    cast(null as varchar) as text_zh
where false
{% for concept, level, text_en, text_zh in list_wordings() %}
union all
select
    '{{ concept }}',
    '{{ level }}',
    '{{ escape_single_quotes(text_en) }}',
    '{{ escape_single_quotes(text_zh) }}'
{% endfor %}
