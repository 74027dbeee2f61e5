{# What is counted of the events of a span. #}

{# How many events are such. #}
{% macro count_where(condition) -%}
    cast(count(*) filter (where {{ condition }}) as double)
{%- endmacro %}

{# Their money, in fen. #}
{% macro fen_where(amount, condition) -%}
    coalesce(cast(100 * sum({{ amount }}) filter (where {{ condition }}) as double), 0)
{%- endmacro %}

{# Days as a set: each of 96 days in a row has a bit of its own in one of two halves,
   and so each of the 90 days of a window, however often one was named and however
   late. #}
{% macro days_as_bits(day, half, condition) -%}
    {%- set position = days_between("date '1900-01-01'", day) ~ ' % 96' -%}
    bit_or(
        case
            when {{ position }} between {{ 48 * half }} and {{ 48 * half + 47 }}
                then
                    cast(1 as bigint)
                    << cast({{ position }} - {{ 48 * half }} as integer)
        end
    ) filter (where {{ condition }})
{%- endmacro %}

{# How many days are in sets of which each has a half here and a half there. #}
{% macro count_days_in_bits(halves, condition) -%}
    {%- set counts = [] -%}
    {%- for half in halves -%}
        {%- do counts.append(
            'coalesce(bit_count(bit_or(case when ' ~ condition
            ~ ' then ' ~ half ~ ' end)), 0)'
        ) -%}
    {%- endfor -%}
    cast({{ counts | join(' + ') }} as double)
{%- endmacro %}

{# How long before a snapshot the last of several days was. #}
{% macro days_since(day, as_of_date) -%}
    cast({{ days_between('max(' ~ day ~ ')', as_of_date) }} as double)
{%- endmacro %}
