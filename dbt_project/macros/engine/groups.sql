{#
    Who belongs together: for each member of a relation of ties, the first of all members
    that it is tied to, directly or by way of others. A tie is a row for each direction,
    and one of every pair is tied to itself. Ties of different groups never meet.

    The group column, the member, the other member and the name of the first one are
    columns of the answer, or of the ties.
#}
{% macro first_of_tied(ties, group, member, other, first) -%}
    {{ return(adapter.dispatch('first_of_tied')(ties, group, member, other, first)) }}
{%- endmacro %}

{# Without recursion, each round doubles the length of the ways that were followed: six
   follow 64 ties in a row. assert_households_are_closed finds where that is not enough. #}
{% macro default__first_of_tied(ties, group, member, other, first) -%}
with round_0 as (

    select
        {{ group }},
        {{ member }},
        {{ other }}
    from {{ ties }}

){% for number in range(6) %},

    round_{{ number + 1 }} as (

        select distinct
            reached.{{ group }},
            reached.{{ member }},
            onwards.{{ other }}
        from round_{{ number }} as reached
        inner join round_{{ number }} as onwards
            on reached.{{ group }} = onwards.{{ group }}
            and reached.{{ other }} = onwards.{{ member }}

    ){% endfor %}

select
    {{ group }},
    {{ member }},
    min({{ other }}) as {{ first }}
from round_6
group by {{ group }}, {{ member }}
{%- endmacro %}

{% macro duckdb__first_of_tied(ties, group, member, other, first) -%}
with recursive reached as (

    select
        {{ group }},
        {{ member }},
        {{ other }}
    from {{ ties }}

    union distinct

    select
        reached.{{ group }},
        reached.{{ member }},
        onwards.{{ other }}
    from reached
    inner join {{ ties }} as onwards
        on reached.{{ group }} = onwards.{{ group }}
        and reached.{{ other }} = onwards.{{ member }}

)

select
    {{ group }},
    {{ member }},
    min({{ other }}) as {{ first }}
from reached
group by {{ group }}, {{ member }}
{%- endmacro %}
