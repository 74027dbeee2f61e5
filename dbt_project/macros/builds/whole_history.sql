{#
    When all of history has to be computed, and when that can't be done: a night's tables
    hold the snapshots of that night, so history is whole only if it is built from tables
    that were built whole themselves. This holds however dbt was started.
#}

{# Whether this build computes all of history: dbt was asked to, or a table that keeps
   it is missing, or lost the rows that the last build left. #}
{% macro is_history_wanted() -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return(true) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() if is_keeping(node) -%}
        {%- set relation = find_relation(node) -%}
        {%- if relation is none or had_rows(relation) and not has_rows(relation) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{# Whether the last good build left any row in a table. #}
{% macro had_rows(relation) -%}
    {%- set name = relation.schema ~ '.' ~ relation.identifier -%}
    {%- set found = run_query(
        "select 1 from ops.built_tables where table_name = '" ~ name ~ "'"
    ) -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}

{# Run before dbt builds anything: SQL that fails where what it built would be wrong. #}
{% macro refuse_half_a_history() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set whole, kept = [], [] -%}
        {%- for node in graph.nodes.values()
            if node.unique_id in selected_resources and is_keeping(node) -%}
            {%- set is_whole = flags.FULL_REFRESH or find_relation(node) is none -%}
            {%- do (whole if is_whole else kept).append(node) -%}
        {%- endfor -%}
        {%- for node in whole -%}
            {%- set missing = find_tables_left_out(node) -%}
            {%- if missing -%}
                {{ return(raise_error(
                    node.name ~ ' cannot be built whole without ' ~ missing[0]
                    ~ ', which may hold one night, so nothing was built. Select +'
                    ~ node.name ~ '.'
                )) }}
            {%- endif -%}
        {%- endfor -%}
        {%- if kept and is_note_old() -%}
            {{ return(raise_error(
                'Deliveries came in or went since the last `crm build`, so nothing was '
                ~ 'built. Start `crm build`, or dbt with --full-refresh.'
            )) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Whether a dbt model keeps what was built before. #}
{% macro is_keeping(node) -%}
    {{ return(node.config.get('materialized') == 'incremental') }}
{%- endmacro %}

{# The table of a dbt model, none where there is none yet. #}
{% macro find_relation(node) -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{%- endmacro %}

{# The tables that a node reads, also by way of views, and this run does not build. #}
{% macro find_tables_left_out(node) -%}
    {%- set waiting, seen, missing = [node], [], [] -%}
    {%- for _ in graph.nodes if waiting -%}
        {%- set node = waiting.pop() -%}
        {%- for name in node.depends_on.nodes if name not in seen -%}
            {%- do seen.append(name) -%}
            {%- set parent = graph.nodes.get(name) -%}
            {%- if parent and parent.resource_type == 'model' -%}
                {%- do waiting.append(parent) -%}
                {%- if parent.config.materialized != 'view'
                    and name not in selected_resources -%}
                    {%- do missing.append(parent.name) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(missing | sort) }}
{%- endmacro %}

{# Whether other deliveries stand than `crm build` noted when it last began: its notes
   say what changed. #}
{% macro is_note_old() -%}
    {%- set noted -%}
        select delivery_id, known_at, superseded_at, row_count, rows_hash
        from ops.built_deliveries
        where
            build_id in (
                select build_id
                from ops.builds
                where started_at = (select max(started_at) from ops.builds)
            )
    {%- endset -%}
    {%- set standing -%}
        select delivery_id, known_at, superseded_at, row_count, rows_hash
        from ops.standing
    {%- endset -%}
    {%- set counted = run_query(
        'select count(*) from ((' ~ noted ~ ' except ' ~ standing ~ ') union all ('
        ~ standing ~ ' except ' ~ noted ~ ')) as differing'
    ) -%}
    {{ return(counted.columns[0][0] > 0) }}
{%- endmacro %}
