"""SQL of the dbt project runs on another engine, and gives the same rows there."""

import re
import sys
from pathlib import Path

import pytest

from pipelines.foundation.warehouse import connect

sys.path.insert(0, str(Path(__file__).parent))

from portable_sql import find, find_in_project

UNION = re.compile(r"^select \* from (\w+)$", re.MULTILINE)


def test_what_one_engine_speaks_stands_only_in_macros_named_after_it():
    assert [str(offence) for offence in find_in_project()] == []


@pytest.mark.parametrize(
    ("sql", "construct", "instead"),
    [
        ("date_diff('day', a, b)", "date_diff(", "days_between"),
        ("extract(isodow from day)", "isodow", "weekday_number"),
        ("unnest(days)", "unnest(", "days_from_to"),
        ("mode(branch_id)", "mode(", "row_number()"),
        ("string_agg(text, ', ')", "string_agg(", "list_text"),
        ("arg_max(text, day)", "arg_max(", "value_of_greatest"),
        ("with recursive reached as (", "with recursive", "first_of_tied"),
        ("starts_with(name, 'x')", "starts_with(", "like"),
        ("cast(null as varchar)", "varchar", "dbt.type_string()"),
        ("cast(1 as hugeint)", "hugeint", "bigint"),
        ("select rows.* replace (1 as one)", "* replace (", "spelt out"),
        ("union all by name", "by name", "same order"),
        ("select distinct on (a) a", "distinct on", "row_number()"),
        ("exists (from a)", "(from", "select … from"),
        ("sum(a) filter (where b) over c", ") filter (where b) over", "case when"),
        ("list_sum(a)", "list_sum(", "engine/"),
        ("a[1]", "[", "engine/"),
        ("strftime(a, '%Y')", "strftime(", "engine/"),
        ("a::date", "::", "cast(… as …)"),
        ("over (order by f(a, b), c desc)", "c desc", "nulls last"),
    ],
)
def test_each_construct_is_named_with_its_line_and_what_to_write(
    sql, construct, instead
):
    (offence, *_) = [o for o in find(f"select 1\n{sql}\n") if o.construct == construct]
    assert offence.line == 2
    assert instead in offence.instead


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 -- not varchar",
        "{# unnest(days) #} select 1",
        "select 'a::b' as text",
        "cast(a as varchar(3))",
        "{% macro duckdb__days(a) %} unnest({{ a }}) {% endmacro %}",
        "order by a asc nulls last, f(b, c) desc nulls first\nrows between 1",
        "{% for name in ['a', 'b'] %}{{ name }}{% endfor %}",
    ],
)
def test_what_is_no_sql_or_every_engines_is_let_pass(sql):
    assert find(sql) == []


def test_what_a_union_puts_below_each_other_has_the_same_names(empty_bank, manifest):
    """Engines match columns of a union by their place."""
    offenders = []
    with connect(empty_bank, read_only=True) as connection:
        for node in manifest["nodes"].values():
            steps = UNION.findall(node.get("compiled_code") or "")
            if node["resource_type"] != "model" or len(steps) < 2:
                continue
            before = node["compiled_code"].rpartition(f"\nselect * from {steps[0]}\n")[
                0
            ]
            names = {
                tuple(
                    name
                    for name, *_ in connection.execute(
                        f"describe {before}\nselect * from {step}"
                    ).fetchall()
                )
                for step in steps
            }
            if len(names) > 1:
                offenders.append(node["name"])
    assert offenders == []
