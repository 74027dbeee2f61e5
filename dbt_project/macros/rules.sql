{# What makes a snapshot of a seed's rows: those in force on the day before it began. #}
{% macro in_force_at(seed, snapshot) -%}
    {{ seed }}.valid_from < {{ snapshot }}.as_of_date
    and {{ seed }}.valid_to >= {{ snapshot }}.as_of_date
{%- endmacro %}

{# A rule's threshold, from rows that are grouped by as_of_date. #}
{% macro threshold_of(rule) -%}
    max(threshold) filter (where rule_name = '{{ rule }}')
{%- endmacro %}

{# Whether exactly the threshold is enough. #}
{% macro is_at_least(rule) -%}
    bool_or(comparison = 'at_least') filter (where rule_name = '{{ rule }}')
{%- endmacro %}

{# ≥ or >, as the seed says. Never true of what is not known. #}
{% macro reaches(amount, rule, rules='rules') -%}
    coalesce(
        {{ amount }} > {{ rules }}.{{ rule }}
        or ({{ rules }}.is_at_least_{{ rule }} and {{ amount }} = {{ rules }}.{{ rule }}),
        false
    )
{%- endmacro %}

{# Each of three years, of which none may be missing. #}
{% macro reaches_each_year(incomes, rule) -%}
    {% for income in incomes -%}
        {{ reaches(income, rule) }}{{ "\n    and " if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# An amount of a snapshot, to the fen: doubles that came from fen give them back. #}
{% macro to_fen(amount) -%}
    cast(coalesce({{ amount }}, 0) as decimal(18, 2))
{%- endmacro %}

{# Whether a row was known at a snapshot, and is of a day before it. #}
{% macro is_known_at(stated, happened, snapshot) -%}
    {{ stated }}.{{ happened }} < {{ snapshot }}.as_of_date
    and {{ stated }}.known_at <= {{ snapshot }}.cut_off_at
    and coalesce({{ stated }}.superseded_at > {{ snapshot }}.cut_off_at, true)
{%- endmacro %}

{# The balance of a family, from balances that are grouped by customer and snapshot. #}
{% macro balance_of(family) -%}
    cast(
        coalesce(
            sum(balance_cny) filter (
                where is_latest and product_family = '{{ family }}'
            ), 0
        ) as double
    )
{%- endmacro %}

{# The newest answer to a question, from answers that are grouped by customer. #}
{% macro last_answer(question) -%}
    arg_max(
        answers_dated.answer_code,
        struct_pack(
            answered_at := answers_dated.answered_at,
            answer_id := answers_dated.answer_id
        )
    ) filter (where answers_dated.question_code = '{{ question }}')
{%- endmacro %}
