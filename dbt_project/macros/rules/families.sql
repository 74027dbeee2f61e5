{#
    The product families of the seed product_families, their only list. They are read when
    a model is compiled to be run: the seed is built before whatever reads accounts.
    While dbt only parses or documents, or a linter reads, one name stands for all.
#}
{% macro families(condition='true') -%}
    {%- set is_run = execute and flags.WHICH != 'generate' -%}
    {%- set names = [] if is_run else ['any'] -%}
    {%- if is_run -%}
        {%- set seed = adapter.get_relation(
            target.database, generate_schema_name('seeds', none), 'product_families'
        ) -%}
        {%- if not seed -%}
            {%- do exceptions.raise_compiler_error(
                'The seed product_families was not built. Run `dbt seed` first.'
            ) -%}
        {%- endif -%}
        {%- set found = run_query(
            'select product_family from ' ~ seed ~ ' where ' ~ condition
            ~ ' group by product_family order by min(product_code)'
        ) -%}
        {%- do names.extend(found.columns[0].values()) -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{# Those that are offered to a customer who lacks them. #}
{% macro offered_families() -%}
    {{ return(families('is_offered')) }}
{%- endmacro %}

{# Those whose balance counts as deposit, invested or owed. #}
{% macro families_held_as(holding_class) -%}
    {{ return(families("holding_class = '" ~ holding_class ~ "'")) }}
{%- endmacro %}

{# Whether a family is one of those. #}
{% macro is_held_as(holding_class, family) -%}
    {{ family }} in ('{{ families_held_as(holding_class) | join("', '") }}')
{%- endmacro %}

{# What a seed says of a code: unknown where the seed has no row of it, so that what is
   counted by it is counted all the same. #}
{% macro or_unknown(said) -%}
    coalesce({{ said }}, 'unknown')
{%- endmacro %}

{# Whether a balance is owed. Of a product that the seed does not know its sign says so:
   core_balances has what is owed, and nothing else, below nought. #}
{% macro is_owed(family, balance) -%}
    (
        {{ is_held_as('owed', family) }}
        or ({{ family }} = 'unknown' and {{ balance }} < 0)
    )
{%- endmacro %}

{# Run before a table with families in its columns is made, because dbt compares it with
   the columns of its YAML and can't repeat them: an entry such as holds_{family} stands
   for a column of each family, {offered} for those that are offered, {owed} for those
   that are held so. Only dbt's copy of the entries for this run is changed. #}
{% macro name_columns_of_families() -%}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() -%}
        {%- set before, _, rest = name.partition('{') -%}
        {%- set kind, _, after = rest.partition('}') -%}
        {%- if kind == 'family' -%}
            {%- set names = families() -%}
        {%- elif kind == 'offered' -%}
            {%- set names = offered_families() -%}
        {%- else -%}
            {%- set names = families_held_as(kind) if kind else [''] -%}
        {%- endif -%}
        {%- for family in names -%}
            {%- set full_name = before ~ family ~ after -%}
            {%- do columns.update({full_name: dict(column, name=full_name)}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do model['columns'].clear() -%}
    {%- do model['columns'].update(columns) -%}
{%- endmacro %}
