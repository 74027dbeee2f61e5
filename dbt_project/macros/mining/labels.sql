{# What customers did after a snapshot. #}

{# Whether a day of the outcome is missing, from days of sources that are grouped by
   snapshot. Reads source, first_covered_date, business_date and known_at of the days. #}
{% macro has_outcome_gap(use_case, source_days, as_of_date) -%}
    coalesce(bool_or(
        {{ source_days }}.known_at is null
        and {{ source_days }}.source in (
            '{{ var('use_cases')[use_case]['outcome_sources'] | join("', '") }}'
        )
        and {{ source_days }}.business_date
        >= {{ add_days(as_of_date, lead_days(use_case)) }}
        and {{ source_days }}.first_covered_date
        < {{ add_days(as_of_date, days_until_known(use_case)) }}
    ), false)
{%- endmacro %}

{# Whether a family was opened in the days of the outcome. Null where it was held
   already, where there was no open account, and until those days are over. Reads
   holds_<family> and open_account_count of the features, observed_until_date and the
   gaps of the snapshots, and has_opened_<family> of the openings. #}
{% macro has_opened(family, features, as_of_dates, openings) -%}
    case
        when
            {{ features }}.holds_{{ family }} = 0
            and {{ features }}.open_account_count > 0
            and {{ add_days(
                features ~ '.as_of_date', days_until_known('cross_sell')
            ) }}
            <= {{ as_of_dates }}.observed_until_date
            and not coalesce({{ as_of_dates }}.has_feature_gap, false)
            and not coalesce({{ as_of_dates }}.has_cross_sell_gap, false)
            then coalesce({{ openings }}.has_opened_{{ family }}, false)
    end
{%- endmacro %}

{# Whether an outcome is observed in this build: at any snapshot at which it was not
   yet known, or that something happened after, and of anybody whose accounts changed. #}
{% macro is_outcome_observed(
    customer_id, as_of_date, outcomes_touched, customers_touched
) -%}
    (
        {{ as_of_date }} in (
            select {{ outcomes_touched }}.as_of_date from {{ outcomes_touched }}
        )
        or {{ customer_id }} in (
            select {{ customers_touched }}.customer_id from {{ customers_touched }}
        )
    )
{%- endmacro %}
