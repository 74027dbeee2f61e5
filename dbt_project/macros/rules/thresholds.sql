{# The bank's thresholds, and what reaches them. #}

{# A rule's threshold, from thresholds by their rule's name. #}
{% macro threshold_of(rule, threshold, rule_name) -%}
    max({{ threshold }}) filter (where {{ rule_name }} = '{{ rule }}')
{%- endmacro %}

{# Whether exactly the threshold is enough, from comparisons by their rule's name. #}
{% macro is_at_least(rule, comparison, rule_name) -%}
    bool_or({{ comparison }} = 'at_least') filter (where {{ rule_name }} = '{{ rule }}')
{%- endmacro %}

{# ≥ or >, as the seed says. Never true of what is not known. Reads <rule> and
   is_at_least_<rule> of the rules. #}
{% macro reaches(amount, rule, rules) -%}
    coalesce(
        {{ amount }} > {{ rules }}.{{ rule }}
        or ({{ rules }}.is_at_least_{{ rule }} and {{ amount }} = {{ rules }}.{{ rule }}),
        false
    )
{%- endmacro %}

{# Each of three years, of which none may be missing. #}
{% macro reaches_each_year(incomes, rule, rules) -%}
    {% for income in incomes -%}
        {{ reaches(income, rule, rules) }}{{ "\n    and " if not loop.last }}
    {%- endfor %}
{%- endmacro %}
