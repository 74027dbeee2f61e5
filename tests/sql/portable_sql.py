"""Find SQL of the dbt project that only one engine speaks: ``python portable_sql.py``.

Such SQL stands in a macro named after its engine (``duckdb__…``, ``spark__…``) in
``dbt_project/macros/engine``. Everything else runs on each of them, row for row.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2] / "dbt_project"
# What only DuckDB speaks, or speaks in its own way, and what to write instead.
ONLY_DUCKDB = {
    r"\bdate_?diff\s*\(": "days_between or seconds_between",
    r"\bdate_(add|sub)\s*\(": "add_days",
    r"\b(isodow|dow|dayofweek)\b": "weekday_number",
    r"\b(generate_series|unnest|range)\s*\(": "days_from_to",
    r"\b(mode|any_value|first|last)\s*\(": "a count and row_number()",
    r"\b(string_agg|listagg|group_concat)\s*\(": "list_text",
    r"\b(arg_max|arg_min|max_by|min_by)\s*\(": "value_of_greatest",
    r"\b(struct_pack|row)\s*\(|:=": "value_of_greatest",
    r"\bwith\s+recursive\b": "first_of_tied",
    r"\b(starts_with|prefix|suffix|contains)\s*\(": "like",
    r"\bvarchar\b(?!\s*\()": "dbt.type_string()",
    r"\bu?hugeint\b": "bigint, twice if need be",
    r"\*\s*(replace|exclude|rename)\s*\(": "the columns, spelt out",
    r"\bby\s+name\b": "the same columns in the same order",
    r"\bdistinct\s+on\b": "row_number()",
    r"\(\s*from\b": "select … from",
    r"\)\s*filter\s*\([^()]*\)\s*over\b": "sum(case when … end) over",
    r"\b(list|array)_\w+\s*\(|\[": "a macro of engine/",
    r"\b(epoch|make_date|strftime|strptime|try_cast)\w*\s*\(": "a macro of engine/",
    r"::": "cast(… as …)",
}
# Engines put nulls at different ends, so an order says where they go.
NULLS = "asc nulls last, or another end"
ENDS = r"\)|\Z|\b(rows|range)\s+between\b|\blimit\b"
MACRO = re.compile(r"\{%-?\s*macro\s+(\w+?)__\w+\(.*?\{%-?\s*endmacro", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
TEXT = re.compile(r"'(?:''|[^'])*'")
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


class Offence(NamedTuple):
    """Where SQL of one engine stands, and what to write instead."""

    path: str
    line: int
    construct: str
    instead: str

    def __str__(self) -> str:
        """Read as compilers' messages do."""
        return f"{self.path}:{self.line}: {self.construct!r}: write {self.instead}"


def find_in_project(project: Path = PROJECT) -> list[Offence]:
    """Find what is wrong in all models, macros and tests of the project."""
    return [
        offence
        for path in sorted(project.rglob("*.sql"))
        for offence in find(path.read_text(encoding="utf-8"), str(path))
    ]


def find(sql: str, path: str = "") -> list[Offence]:
    """Find what only one engine speaks in the text of a file."""
    # What is left keeps its line.
    for pattern in (MACRO, COMMENT, TEXT):
        sql = pattern.sub(_blank, sql)
    found = [
        (match.start(), match.group(), instead)
        for pattern, instead in ONLY_DUCKDB.items()
        for match in re.finditer(pattern, JINJA.sub(_blank, sql), re.IGNORECASE)
    ]
    found += [
        (start, term, NULLS)
        for start, term in _find_terms_of_orders(sql)
        if not re.search(r"\bnulls\s+(first|last)\b", term, re.IGNORECASE)
    ]
    return [
        Offence(path, sql.count("\n", 0, start) + 1, " ".join(what.split()), instead)
        for start, what, instead in sorted(found)
    ]


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _find_terms_of_orders(sql: str) -> Iterator[tuple[int, str]]:
    """Split each ``order by`` into its terms, up to the bracket that ends it."""
    for match in re.finditer(r"\border\s+by\b", sql, re.IGNORECASE):
        start, depth = match.end(), 0
        for end in range(start, len(sql) + 1):
            rest = sql[end:]
            depth += rest[:1] in {"(", "{"}
            is_over = depth == 0 and re.match(ENDS, rest, re.IGNORECASE)
            if is_over or (depth == 0 and rest[:1] == ","):
                yield start, sql[start:end].strip()
                start = end + 1
            if is_over:
                break
            depth -= rest[:1] in {")", "}"}


if __name__ == "__main__":
    offences = find_in_project()
    for offence in offences:
        print(offence)  # noqa: T201 - a program for a terminal
    sys.exit(bool(offences))
