{# The loyalty stage of people who have used nothing yet: in contact with the bank and
   willing to hear from it, one of the two, or neither. #}
{% macro stage_before_use(is_in_contact, has_consent) -%}
    case
        when {{ is_in_contact }} and {{ has_consent }} then 'qualified_prospect'
        when {{ is_in_contact }} or {{ has_consent }} then 'possible'
        else 'non_customer'
    end
{%- endmacro %}
