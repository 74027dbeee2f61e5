{#
    How a table that keeps history is brought up to date: what a condition calls changed
    is deleted and inserted, in one transaction. The rules: history is computed again
    from the first snapshot that could have known of a change, a fact is replaced with
    its delivery, and a month is counted again when a fact of it is another.
#}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set quoted = arg_dict['dest_columns'] | map(attribute='quoted') -%}
    {%- set columns = quoted | join(', ') -%}
    {%- set is_changed = arg_dict['incremental_predicates'] | join(' or ') -%}
    {%- if has_rows(arg_dict['target_relation']) %}
        {{ refuse_rows_beside(arg_dict['temp_relation'], is_changed) }}
        delete from {{ arg_dict['target_relation'] }} where {{ is_changed }};
    {%- endif %}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{# A row that is written and not called changed would stand beside the one before it. #}
{% macro refuse_rows_beside(written, is_changed) -%}
    {%- set counted = run_query(
        'select count(*) from ' ~ written
        ~ ' where not coalesce(' ~ is_changed ~ ', false)'
    ) -%}
    {%- if counted.columns[0][0] -%}
        {{ exceptions.raise_compiler_error(
            counted.columns[0][0] ~ ' rows were computed that ' ~ this.identifier
            ~ ' would keep twice, so it was left as it was. This is a bug: '
            ~ '`crm build --full-refresh` goes around it.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{# The config of a table whose snapshots are computed once, and again when touched. #}
{% macro kept_by_snapshot(also_changed=[]) -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace',
        'incremental_predicates': [
            'as_of_date >= ' ~ first_touched_date()
        ] + also_changed,
    }) }}
{%- endmacro %}

{# Not a ref, for a config is read before there are any: every such table comes after
   int_as_of_dates, since its snapshots come from there. Where there are none, none is
   kept. #}
{% macro first_touched_date() -%}
    coalesce(
        (select max(touched_from_date) from intermediate.int_as_of_dates),
        {{ always() }}
    )
{%- endmacro %}

{# The config of a table of months, each counted once, and again when touched. #}
{% macro kept_by_month() -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace',
        'incremental_predicates': [
            'month_date in (select month_date from intermediate.int_months_touched)'
        ],
    }) }}
{%- endmacro %}

{# The config of a table that keeps a fact until its delivery changes, or whom it
   belongs to. #}
{% macro kept_by_delivery() -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace',
        'incremental_predicates': [
            'delivery_id in (select delivery_id from ops.changed_deliveries)',
            'transaction_id in ('
            ~ 'select transaction_id from intermediate.int_events_relinked)',
        ],
        'meta': {
            'tested_where': "date_trunc('month', occurred_at) in ("
            ~ 'select month_date from intermediate.int_months_touched)',
        },
    }) }}
{%- endmacro %}

{# Whether a table keeps what was built before: then only what changed is computed. #}
{% macro is_kept() -%}
    {{ return(is_incremental() and (not execute or has_rows(this))) }}
{%- endmacro %}

{# Whether a table has any row. #}
{% macro has_rows(relation) -%}
    {%- set found = run_query('select 1 from ' ~ relation ~ ' limit 1') -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}

{# What a data test reads: what its own `where` says and, of a table that is kept, in a
   night what changed in it, or where that would not show a key that stands twice, what it
   names instead. #}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] if config.get('where') else [] -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {%- set name = 'model.bank_crm.' ~ relation.identifier -%}
        {%- set kept = graph.nodes.get(name, {'config': {}}).config -%}
        {%- set changed = kept.get('meta', {}).get('tested_where')
            or kept.get('incremental_predicates', []) | join(' or ') -%}
        {%- do conditions.append(changed) if changed -%}
    {%- endif -%}
    {%- if conditions -%}
        {%- set where = '(' ~ conditions | join(') and (') ~ ')' -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ')') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
