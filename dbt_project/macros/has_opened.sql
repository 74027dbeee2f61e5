{# Whether a family was opened in the 90 days from a snapshot on. Null where it was held
   already, where there was no open account, and until the 90 days are over. #}
{% macro has_opened(family) -%}
    case
        when
            features.holds_{{ family }} = 0
            and features.open_account_count > 0
            and {{ add_days('features.as_of_date', 90) }}
            <= as_of_dates.observed_until_date
            then coalesce(openings.has_opened_{{ family }}, false)
    end
{%- endmacro %}
