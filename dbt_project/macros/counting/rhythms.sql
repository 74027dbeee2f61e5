{# How often a customer usually acts. #}

{# Events a day, drawn towards one a month where few days were observed. #}
{% macro events_per_day(event_count, days) -%}
    ({{ event_count }} + 0.5) / ({{ days }} + 15)
{%- endmacro %}

{# What so many days brought before the last ones: from all that was counted, and what
   of it fell into the last ones. Null until a month more has been observed, since less
   says little of what is usual. #}
{% macro usual_count_before(days, observed_days, event_count, last_event_count) -%}
    case
        when {{ observed_days }} >= {{ days }} + 30
            then
                {{ days }}
                * {{ events_per_day(
                    event_count ~ ' - ' ~ last_event_count,
                    observed_days ~ ' - ' ~ days
                ) }}
    end
{%- endmacro %}
