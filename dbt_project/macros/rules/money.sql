{# Money in the bank's own currency, at the rate of the day. Half a fen goes away from
   zero. #}
{% macro to_cny(amount, rate) -%}
    cast({{ amount }} * {{ rate }} as decimal(18, 2))
{%- endmacro %}

{# An amount of a snapshot, to the fen: doubles that came from fen give them back. #}
{% macro to_fen(amount) -%}
    cast(coalesce({{ amount }}, 0) as decimal(18, 2))
{%- endmacro %}
