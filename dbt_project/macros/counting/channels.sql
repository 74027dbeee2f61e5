{# How a customer's events are spread over channels and over time. #}

{# The part of some events in how mixed all of them are, in nats. #}
{% macro entropy_of(event_count, all_event_count) -%}
    coalesce(
        -{{ event_count }}
        / nullif({{ all_event_count }}, 0)
        * ln(
            nullif({{ event_count }}, 0)
            / nullif({{ all_event_count }}, 0)
        ), 0
    )
{%- endmacro %}

{# Of waits in whole seconds, so that no order of rows makes it another number. #}
{% macro mean_wait_minutes(wait_minutes) -%}
    avg(cast(round({{ wait_minutes }} * 60) as bigint)) / 60
{%- endmacro %}
