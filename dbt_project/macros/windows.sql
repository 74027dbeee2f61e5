{#
    How windows are counted. What happened on a day counts in a window at the snapshots
    from one as_of_date until another: it enters at the first that it happened before and
    was known to, and leaves at the first whose window begins after that day, or that
    knew it was withdrawn. Days that leave every window together make a span, known by
    its first day. So spans meet snapshots, some eight each, and not events, which
    are many more.
#}

{# What of a span's measure lies in a window. Nought times what lies outside is three
   times as fast as a filter. Exact, for measures are whole numbers held as doubles. #}
{% macro in_last_days(measure, days) -%}
    sum(spans.{{ measure }}{{ " * spans.is_in_last_" ~ days ~ "d" if days < 365 }})
{%- endmacro %}

{# The same of money, which spans hold in fen. #}
{% macro cny_in_last_days(measure, days) -%}
    {{ in_last_days(measure, days) }} / 100
{%- endmacro %}

{% macro is_in_window(days) -%}
    cast(
        as_of_dates.as_of_date < span_starts.leaves_{{ days }}d_as_of_date as double
    )
{%- endmacro %}

{# How many events of a span are such. #}
{% macro count_where(condition) -%}
    cast(count(*) filter (where {{ condition }}) as double)
{%- endmacro %}

{# Their money, in fen. #}
{% macro fen_where(amount, condition) -%}
    coalesce(cast(100 * sum({{ amount }}) filter (where {{ condition }}) as double), 0)
{%- endmacro %}

{# Days as a set: each of 96 days in a row has a bit of its own, and so each of the 90
   days of a window, however often one was named and however late. #}
{% macro days_as_bits(day) -%}
    bit_or(
        cast(1 as hugeint)
        << cast({{ days_between("date '1900-01-01'", day) }} % 96 as integer)
    )
{%- endmacro %}

{% macro active_days_in_last_90_days() -%}
    cast(
        coalesce(
            bit_count(
                bit_or(
                    case when spans.is_in_last_90d = 1 then spans.active_day_bits end
                )
            ), 0
        ) as double
    )
{%- endmacro %}

{% macro days_since(day) -%}
    cast(
        {{ days_between('max(last_days.' ~ day ~ ')', 'as_of_dates.as_of_date') }}
        as double
    )
{%- endmacro %}

{# The first day of any window of this build. A literal, for DuckDB skips what is older
   before it joins; the result of a subquery it would only compare with afterwards. #}
{% macro first_window_date() -%}
    {%- set as_of_dates = ref('int_as_of_dates_touched') -%}
    {%- if execute and load_relation(as_of_dates) -%}
        {%- set first_date = run_query(
            'select ' ~ add_days('min(as_of_date)', -365) ~ ' from ' ~ as_of_dates
        ).columns[0][0] -%}
    {%- endif -%}
    {{ "date '" ~ first_date ~ "'" if first_date else always() }}
{%- endmacro %}
