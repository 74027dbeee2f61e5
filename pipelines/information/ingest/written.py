"""How values may be written, so that reading them neither rounds nor guesses, in SQL.

DuckDB reads more than a contract means: 4.6 as the integer 5, a date with a time of day
as the date, the zone CST as that of Chicago, an amount with three places as one of two.
"""

import re

from pipelines.foundation.contracts import Column

# Wide enough for every amount that decimal(18,2) holds and 20 places behind its point.
EXACT_TYPE = "decimal(38,20)"
# Years that no calendar of a bank has are read, and out of range.
DAY = r"[+-]?\d{4,}[-/]\d{1,2}[-/]\d{1,2}"
OUTSIDE_CALENDAR = r"[+-]?infinity|[^A-Za-z]*\(BC\)[^A-Za-z]*"
MIDNIGHT = r"([T ]00:00(:00(\.0*)?)?)?"
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?"
OFFSET = r"( ?([Zz]|[+-](0\d|1[0-4])(:?[0-5]\d)?))?"
WRITTEN_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
# By type: what is read as it is written; what would be read as something shorter.
WRITTEN_FORMS = {
    "integer": (r"[+-]?\d+(\.0*)?", WRITTEN_NUMBER),
    "date": (
        f"{DAY}{MIDNIGHT}{OFFSET}|{OUTSIDE_CALENDAR}",
        f"{DAY}[T ]{CLOCK}\\d*{OFFSET}",
    ),
    "timestamp": (
        f"{DAY}([T ]{CLOCK}{OFFSET})?|{OUTSIDE_CALENDAR}",
        f"{DAY}[T ]{CLOCK}\\d*{OFFSET}",
    ),
    "double": (WRITTEN_NUMBER, WRITTEN_NUMBER),
}
# How most senders write it, which is cheaper to see.
USUAL_FORMS = {"date": "____-__-__", "timestamp": "____-__-__T__:__:__Z"}


def scale(column: Column) -> int | None:
    """Places behind the point, None for what is no decimal."""
    found = re.fullmatch(r"decimal\(\d+,\s*(\d+)\)", column.data_type)
    return int(found[1]) if found else None


def may_be_misread(column: Column, point: str) -> str | None:
    """Write the cheap test that sends a file to the exact one, None if none is needed.

    Parameters
    ----------
    column : Column
        Of the contract; the test is on its text.
    point : str
        The decimal sign of the file.
    """
    name = column.name
    if scale(column) is not None:
        # Most amounts have all their places, and to see that is cheapest.
        return (
            f"case when {name} like '%{point}{'_' * scale(column)}' then false else "
            f"instr({name}, '{point}') between 1 and "
            f"length({name}) - {scale(column)} - 1 or instr(lower({name}), 'e') end"
        )
    if column.data_type == "integer":
        return f"translate({name}, '0123456789', '') != ''"
    if column.data_type not in WRITTEN_FORMS:
        return None
    usual = USUAL_FORMS.get(column.data_type)
    unusual = f"not {_is_written(name, WRITTEN_FORMS[column.data_type][0], point)}"
    return f"case when {name} like '{usual}' then false else {unusual} end"


def is_readable(column: Column, point: str) -> str | None:
    """Write whether DuckDB reads a column's text as the contract's type."""
    if column.identifier or column.data_type == "varchar":
        return None
    type_ = "timestamptz" if column.data_type == "timestamp" else column.data_type
    text = as_number(column, point)
    return f"({column.name} is null or try_cast({text} as {type_}) is not null)"


def why_misread(column: Column, point: str) -> str | None:
    """Write why a column's text is read as something else, null where it is not."""
    text = as_number(column, point)
    if scale(column) is not None:
        return (
            f"case when try_cast({text} as {EXACT_TYPE}) "
            f"is distinct from try_cast({text} as {column.data_type}) "
            "then 'too_precise' end"
        )
    if column.data_type not in WRITTEN_FORMS:
        return None
    exact, longer = (
        _is_written(column.name, form, point)
        for form in WRITTEN_FORMS[column.data_type]
    )
    return (
        f"case when {exact} then null when {longer} then 'too_precise' "
        f"when {column.name} is not null then 'unreadable' end"
    )


def as_number(column: Column, point: str) -> str:
    """Write a column's text with a decimal point, whatever the file has."""
    is_number = scale(column) is not None or column.data_type == "double"
    if point == "." or not is_number:
        return column.name
    # With a comma for a point, a point is no part of a number.
    return f"if(instr({column.name}, '.'), null, replace({column.name}, ',', '.'))"


def _is_written(name: str, form: str, point: str) -> str:
    form = form.replace(r"\.", rf"\{point}") if form == WRITTEN_NUMBER else form
    return f"regexp_full_match(trim({name}), '{form}')"
