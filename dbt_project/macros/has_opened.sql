{# Whether a family was opened in the days of the outcome. Null where it was held
   already, where there was no open account, and until those days are over. #}
{% macro has_opened(family) -%}
    case
        when
            features.holds_{{ family }} = 0
            and features.open_account_count > 0
            and {{ add_days('features.as_of_date', days_until_known('cross_sell')) }}
            <= as_of_dates.observed_until_date
            then coalesce(openings.has_opened_{{ family }}, false)
    end
{%- endmacro %}
