{# A channel's part in how mixed the channels are, in nats. #}
{% macro entropy_of(channel) -%}
    coalesce(
        -spans.{{ channel }}_event_count_90d
        / nullif(spans.customer_event_count_90d, 0)
        * ln(
            nullif(spans.{{ channel }}_event_count_90d, 0)
            / nullif(spans.customer_event_count_90d, 0)
        ), 0
    )
{%- endmacro %}

{# The share of a year's events that fell into its last 90 days. #}
{% macro recent_share_of(measure) -%}
    spans.{{ measure }}_count_90d
    / nullif(spans.{{ measure }}_count_365d, 0)
{%- endmacro %}

{# Of waits in whole seconds, so that no order of rows makes it another number. #}
{% macro mean_wait_minutes() -%}
    avg(cast(round(branch_wait_minutes * 60) as bigint)) / 60
{%- endmacro %}
