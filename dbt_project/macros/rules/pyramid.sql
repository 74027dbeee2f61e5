{# The lines between the levels of the pyramid in CNY, from rows of rules. Reads
   as_of_date, rate_hkd, pyramid_<level> and is_at_least_pyramid_<level>. #}
{% macro pyramid_lines(rules) -%}
select
    as_of_date,
    rate_hkd,
    {{ pyramid_line('pyramid_top', 'rate_hkd') }} as top,
    is_at_least_pyramid_top as is_at_least_top,
    {{ pyramid_line('pyramid_high', 'rate_hkd') }} as high,
    is_at_least_pyramid_high as is_at_least_high,
    {{ pyramid_line('pyramid_mid', 'rate_hkd') }} as mid,
    is_at_least_pyramid_mid as is_at_least_mid
from {{ rules }}
{%- endmacro %}

{# A line in HKD as CNY. #}
{% macro pyramid_line(threshold_hkd, rate_to_cny) -%}
    cast({{ threshold_hkd }} as decimal(20, 2))
    * cast({{ rate_to_cny }} as decimal(10, 6))
{%- endmacro %}

{# The level of a relationship balance between those lines. #}
{% macro pyramid_level(balance, is_inactive, lines) -%}
    case
        when {{ is_inactive }} then 'inactive'
        when {{ reaches(balance, 'top', lines) }} then 'top'
        when {{ reaches(balance, 'high', lines) }} then 'high'
        when {{ reaches(balance, 'mid', lines) }} then 'mid'
        else 'low'
    end
{%- endmacro %}

{# A balance as a share of the line that it has to cross for the next level. #}
{% macro next_level_share(balance, lines) -%}
    cast(greatest({{ balance }}, 0) as double) / cast(
        case
            when {{ reaches(balance, 'top', lines) }} then null
            when {{ reaches(balance, 'high', lines) }} then {{ lines }}.top
            when {{ reaches(balance, 'mid', lines) }} then {{ lines }}.high
            else {{ lines }}.mid
        end as double
    )
{%- endmacro %}

{# Levels as numbers that compare: the inactive stand below all. #}
{% macro pyramid_rank(level) -%}
    case {{ level }}
        when 'top' then 4
        when 'high' then 3
        when 'mid' then 2
        when 'low' then 1
        else 0
    end
{%- endmacro %}
