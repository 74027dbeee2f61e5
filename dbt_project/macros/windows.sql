{#
    How windows are counted. A row counts at the snapshots from one as_of_date until
    another: it enters at the first that it happened before and was known to, and leaves
    at the first whose window begins after it, or that knew it was withdrawn. So what
    counts at a snapshot is what has entered so far less what has left so far: two small
    sums and a running total, where joining each snapshot to its window would read every
    row a dozen times.
#}
{% macro summed_by(relation, as_of_date, measures) -%}
select
    customer_id,
    {{ as_of_date }} as as_of_date,
    {% for measure in measures %}
    sum({{ measure }}) as {{ measure }}{{ "," if not loop.last }}
    {% endfor %}
from {{ relation }}
group by customer_id, {{ as_of_date }}
{%- endmacro %}

{# Joins what enters, and what leaves the windows of so many days, to the grid. #}
{% macro grid_with_movements(windows) -%}
from snapshot_grid

left join entering
    on snapshot_grid.customer_id = entering.customer_id
    and snapshot_grid.as_of_date = entering.as_of_date
{% for days in windows %}
left join leaving_{{ days }}d
    on snapshot_grid.customer_id = leaving_{{ days }}d.customer_id
    and snapshot_grid.as_of_date = leaving_{{ days }}d.as_of_date
{% endfor %}
window in_order_of_date as (
    partition by snapshot_grid.customer_id order by snapshot_grid.as_of_date
)
{%- endmacro %}

{# What of a measure is in the window of so many days, at each row of that join. Exact
   until the cast, so that no order of adding up can change the last digit. #}
{% macro in_window(measure, days) -%}
    cast(
        sum(
            coalesce(entering.{{ measure }}, 0)
            - coalesce(leaving_{{ days }}d.{{ measure }}, 0)
        ) over in_order_of_date as double
    )
{%- endmacro %}

{# Where a customer's day leaves a window: when it is older than that, or withdrawn. Not
   before it enters, so that what comes too late to count enters and leaves at once. #}
{% macro leaves(days) -%}
    greatest(
        customer_days.enters_as_of_date,
        least(
            customer_days.withdrawn_as_of_date,
            calendar_days.leaves_{{ days }}d_as_of_date
        )
    )
{%- endmacro %}
