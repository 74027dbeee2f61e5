{#
    How a table is brought up to date: what has changed in it is deleted and inserted, in
    one transaction. What "changed" means is a condition that both steps share. The rules:
    history is computed again from the first snapshot that could have known of a change,
    and a fact is replaced with its delivery.
#}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set quoted = arg_dict['dest_columns'] | map(attribute='quoted') -%}
    {%- set columns = quoted | join(', ') -%}
    {%- set is_changed = arg_dict['incremental_predicates'] | join(' or ') -%}
    delete from {{ arg_dict['target_relation'] }} where {{ is_changed }};
    {%- if arg_dict['unique_key'] %}
        delete from {{ arg_dict['target_relation'] }}
        where {{ arg_dict['unique_key'] }} in (
            select {{ arg_dict['unique_key'] }} from {{ arg_dict['temp_relation'] }}
            where not ({{ is_changed }})
        );
    {%- endif %}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{# The config of a table whose snapshots are computed once, and again when touched. #}
{% macro kept_by_snapshot() -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace',
        'incremental_predicates': ['as_of_date >= ' ~ first_touched_date()],
    }) }}
{%- endmacro %}

{# Not a ref, for a config is read before there are any: every such table comes after
   int_as_of_dates, since its snapshots come from there. #}
{% macro first_touched_date() -%}
    (select max(touched_from_date) from intermediate.int_as_of_dates)
{%- endmacro %}

{# The config of a table that keeps a fact, or a sum of facts, until a delivery touches
   it: by its delivery_id or its month_date. What has the same key is replaced, too. #}
{% macro kept_by_delivery(column, key) -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'replace',
        'incremental_predicates': [
            column ~ ' in (select ' ~ column ~ ' from ops.changed_deliveries)'
        ],
        'unique_key': key,
    }) }}
{%- endmacro %}

{# Whether an outcome is observed in this build: at any snapshot at which it was not yet
   known, or that something happened after, and of anybody whose accounts changed. #}
{% macro is_outcome_observed(customers, snapshots) -%}
    (
        {{ snapshots }}.as_of_date in (
            select touched.as_of_date from {{ ref('int_outcomes_touched') }} as touched
        )
        or {{ customers }}.customer_id in (
            select touched.customer_id from {{ ref('int_customers_touched') }} as touched
        )
    )
{%- endmacro %}

{# Whether something of a transaction's month came in, was taken back, or turned out to
   be another customer's. #}
{% macro is_month_touched(occurred_at) -%}
    date_trunc('month', {{ occurred_at }}) in (
        select changed_deliveries.month_date from changed_deliveries
        union
        select date_trunc('month', linked.occurred_at)
        from {{ ref('transactions') }} as linked
        where
            linked.known_at >= (
                select min(changed_deliveries.known_from) from changed_deliveries
            )
    )
{%- endmacro %}

{# What a data test reads of a table that is kept: in a night, what changed in it. #}
{% macro get_where_subquery(relation) -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {%- set name = 'model.bank_crm.' ~ relation.identifier -%}
        {%- set node = graph.nodes.get(name, {'config': {}}) -%}
        {%- set changed = node.config.get('incremental_predicates') -%}
    {%- endif -%}
    {%- if changed -%}
        {%- set where = changed | join(' or ') -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ')') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
