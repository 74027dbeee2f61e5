{#
    How windows are counted. What happened on a day counts in a window at the snapshots
    from one as_of_date until another: it enters at the first that it happened before and
    was known to, and leaves at the first whose window begins after that day, or that
    knew it was withdrawn. Days that leave every window together make a span, known by
    its first day. So spans meet snapshots, some eight each, and not events, which
    are many more.
#}

{# Whether a day is one of so many before a snapshot. #}
{% macro is_in_last_days(day, count, as_of_date) -%}
    {{ day }} < {{ as_of_date }}
        and {{ day }} >= {{ add_days(as_of_date, -count) }}
{%- endmacro %}

{# The first of several snapshots that is later than so many days after a day. #}
{% macro first_as_of_date_after(as_of_date, day, count) -%}
    coalesce(
        min({{ as_of_date }}) filter (
            where {{ as_of_date }} > {{ add_days(day, count) }}
        ),
        {{ never() }}
    )
{%- endmacro %}

{# 1 where a snapshot's window still holds a span, else 0. #}
{% macro is_in_window(as_of_date, leaves_as_of_date) -%}
    cast({{ as_of_date }} < {{ leaves_as_of_date }} as double)
{%- endmacro %}

{# What of a measure of spans lies in a window; in the longest, all does. Else reads
   is_in_last_<days>d of the same spans: nought times what lies outside is three times as
   fast as a filter. Exact, for measures are whole numbers held as doubles. #}
{% macro sum_in_last_days(spans, measure, days) -%}
    sum({{ spans }}.{{ measure }}
    {{- " * " ~ spans ~ ".is_in_last_" ~ days ~ "d" if days < 365 }})
{%- endmacro %}

{# The same of money, which spans hold in fen. #}
{% macro cny_in_last_days(spans, measure, days) -%}
    {{ sum_in_last_days(spans, measure, days) }} / 100
{%- endmacro %}

{# The first day of any window of this build, from the snapshots that it computes. A
   literal, for DuckDB skips what is older before it joins; the result of a subquery it
   would only compare with afterwards. #}
{% macro first_window_date(as_of_dates) -%}
    {%- if execute and load_relation(as_of_dates) -%}
        {%- set first_date = run_query(
            'select ' ~ add_days('min(as_of_date)', -365) ~ ' from ' ~ as_of_dates
        ).columns[0][0] -%}
    {%- endif -%}
    {{ "date '" ~ first_date ~ "'" if first_date else always() }}
{%- endmacro %}
