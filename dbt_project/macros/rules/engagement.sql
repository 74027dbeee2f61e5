{# What each rule of engagement counts, in a column by its name; null where it is not in
   force. Reads rule_name and rule_limit. #}
{% macro engagement_limits() -%}
    {%- for rule in [
        'no_marketing_consent',
        'family_held',
        'salary_stopped',
        'beyond_risk_tolerance',
        'withheld_as_control',
        'declined',
        'recently_offered',
        'recently_complained',
        'outranked',
    ] %}
        {{ threshold_of(rule, 'rule_limit', 'rule_name') }} as {{ rule }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
