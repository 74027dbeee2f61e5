{# The newest answer to a question, from answers that are grouped by customer. Reads
   question_code, answer_code, answered_at and answer_id of the answers. #}
{% macro last_answer(answers, question) -%}
    {{ value_of_greatest(
        answers ~ '.answer_code',
        [answers ~ '.answered_at', answers ~ '.answer_id']
    ) }} filter (
        where {{ answers }}.question_code = '{{ question }}'
        and {{ answers }}.answer_code is not null
    )
{%- endmacro %}
