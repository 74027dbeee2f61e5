{# What customers did after a snapshot. #}

{# Whether a family was opened in the days of the outcome. Null where it was held
   already, where there was no open account, and until those days are over. Reads
   holds_<family> and open_account_count of the features, observed_until_date of the
   snapshots and has_opened_<family> of the openings. #}
{% macro has_opened(family, features, as_of_dates, openings) -%}
    case
        when
            {{ features }}.holds_{{ family }} = 0
            and {{ features }}.open_account_count > 0
            and {{ add_days(
                features ~ '.as_of_date', days_until_known('cross_sell')
            ) }}
            <= {{ as_of_dates }}.observed_until_date
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
