{# What DuckDB says about dates in its own way; the macros are to be dispatched once the
   marts move to another engine. #}

{% macro add_days(day, count) -%}
    {{ day }} + {{ count }}
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro seconds_between(earlier, later) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}

{# The end of time, for what has no end yet: unlike null, it compares. #}
{% macro never() -%}
    date '9999-12-31'
{%- endmacro %}

{# The beginning of time, for what has no known beginning. #}
{% macro always() -%}
    date '0001-01-01'
{%- endmacro %}

{# The last day whose cut-off was too early for what became known at this moment: the
   first snapshot that may use it is the first one after that day. #}
{% macro last_day_missed(known_at) -%}
    cast(
        {{ known_at }} - interval {{ var('cut_off_hours') }} hour
        - interval 1 microsecond as date
    )
{%- endmacro %}

{# The first snapshot later than so many days after a day, over as_of_dates. #}
{% macro first_as_of_date_after(day, count) -%}
    coalesce(
        min(as_of_dates.as_of_date) filter (
            where as_of_dates.as_of_date > {{ add_days(day, count) }}
        ),
        {{ never() }}
    )
{%- endmacro %}

{# The earlier of two moments of which either may be missing. #}
{% macro earlier_of(one, other) -%}
    least(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{% macro later_of(one, other) -%}
    greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}

{# Whether a day is one of so many before the snapshot, over as_of_dates. #}
{% macro is_in_last_days(day, count) -%}
    {{ day }} < as_of_dates.as_of_date
        and {{ day }} >= {{ add_days('as_of_dates.as_of_date', -count) }}
{%- endmacro %}

{# One row per day from the first to the last, both included. #}
{% macro each_day(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro %}
