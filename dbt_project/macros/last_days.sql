{# The rules by which the last day of something is found; see
   int_days_since_events_counted_to_snapshots. #}

{% macro last_day_with(measure) -%}
    max(customer_days.occurred_date) filter (where customer_days.{{ measure }} > 0)
{%- endmacro %}

{% macro last_day_known(day) -%}
    {{ later_of(
        'max(standing_days.' ~ day ~ ') over in_order_of_date',
        'withdrawn_days.' ~ day,
    ) }}
{%- endmacro %}

{% macro days_since(day) -%}
    cast({{ days_between(day, 'as_of_date') }} as double)
{%- endmacro %}
