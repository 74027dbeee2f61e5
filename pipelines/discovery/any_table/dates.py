"""Dates written as text: the one way of reading that all values of a column prove."""

import re
from itertools import product

import duckdb

from pipelines.discovery.any_table.formats import quote, trim

DAY_MONTH_YEAR = "day-month-year"
MONTH_DAY_YEAR = "month-day-year"
YEAR_MONTH_DAY = "year-month-day"
SHAPE = re.compile(
    r"\d{1,4}[-/. ]?(\d{1,2}|[A-Za-z]{3,9})[-/. ]?\d{1,4}\b.*"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4}.*"
    r"|\d{4}年\d{1,2}月\d{1,2}日.*"
)
# A whole number is a number, whatever it may stand for.
WHOLE_NUMBER = re.compile(r"\d+")
TIMES = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    "T%H:%M",
    "T%H:%M:%S",
    "T%H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
)
_NUMERIC = {
    "%d{0}%m{0}%Y": DAY_MONTH_YEAR,
    "%m{0}%d{0}%Y": MONTH_DAY_YEAR,
    "%Y{0}%m{0}%d": YEAR_MONTH_DAY,
    "%d{0}%m{0}%y": DAY_MONTH_YEAR,
    "%m{0}%d{0}%y": MONTH_DAY_YEAR,
    "%y{0}%m{0}%d": YEAR_MONTH_DAY,
}
_NAMED = {
    f"%d{{0}}{month}{{0}}{year}": DAY_MONTH_YEAR
    for month, year in product(("%b", "%B"), ("%Y", "%y"))
} | {"%y{0}%b{0}%d": YEAR_MONTH_DAY, "%Y{0}%b{0}%d": YEAR_MONTH_DAY}
_DAYS = (
    {form.format(sep): order for form, order in _NUMERIC.items() for sep in "-/."}
    | {form.format(sep): order for form, order in _NAMED.items() for sep in "- /"}
    | dict.fromkeys(("%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%B %d %Y"), MONTH_DAY_YEAR)
    | {"%Y年%m月%d日": YEAR_MONTH_DAY}
)
FORMATS = {day + time: order for day, order in _DAYS.items() for time in TIMES}
# A zone by its letters may be one of several, so only offsets are read.
ZONED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}\S*(Z|[+-]\d{2}(:?\d{2})?)")
_ESCAPED = ZONED.pattern.replace("{", "{{").replace("}", "}}")
_IS_ZONED = f"regexp_full_match({{0}}, '{_ESCAPED}')"
_AS_ZONED = {f"if({_IS_ZONED}, try_cast({{0}} as timestamptz), null)": YEAR_MONTH_DAY}
# A year of four digits has four; else 99 would be the year 99, too.
_FOUR_DIGITS = (
    "if(regexp_matches({{0}}, '[0-9]{{{{4}}}}'), try_strptime({{0}}, '{}'), null)"
)
_READINGS = {
    (_FOUR_DIGITS if "%Y" in form else "try_strptime({{0}}, '{}')").format(form): order
    for form, order in FORMATS.items()
}
SAMPLED_ROWS = 1_000


def prove_dates(
    connection: duckdb.DuckDBPyConnection, relation: str, names: list[str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Find the columns of text that are dates, and how each is to be read.

    Parameters
    ----------
    connection : DuckDBPyConnection
    relation : str
        What to read from, in SQL.
    names : list of str
        Columns of text.

    Returns
    -------
    dict of str to str
        What reads a column, in SQL, with ``{0}`` for its text.
    dict of str to tuple of str
        Columns that may be read in more than one order, and which orders those are.
    """
    proved, unsure = {}, {}
    if not names:
        return proved, unsure
    listed = ", ".join(map(quote, names))
    few = connection.execute(
        f"select {listed} from {relation} limit {SAMPLED_ROWS}"
    ).df()
    for name in names:
        sampled = few[name].dropna().astype(str).str.strip()
        first = next((value for value in sampled if value), "")
        if not SHAPE.fullmatch(first) or WHOLE_NUMBER.fullmatch(first):
            continue
        readings = _AS_ZONED if ZONED.fullmatch(first) else _READINGS
        fitting = _reads_all(connection, relation, name, list(readings))
        if len(fitting) > 1 and not _agree(connection, relation, name, fitting):
            unsure[name] = tuple(dict.fromkeys(readings[fit] for fit in fitting))
        elif fitting:
            proved[name] = fitting[0]
    return proved, unsure


def _reads_all(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    name: str,
    readings: list[str],
) -> list[str]:
    """Choose the readings under which nothing that is known gets lost."""
    text = trim(name)
    for rows in (f"(from {relation} limit {SAMPLED_ROWS})", relation):
        if not readings:
            break
        asked = [f"bool_and({each.format(text)} is not null)" for each in readings]
        answers = connection.execute(
            f"select {', '.join(asked)} from {rows} where {text} is not null"
        ).fetchone()
        readings = [each for each, fits in zip(readings, answers, strict=True) if fits]
    return readings


def _agree(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    name: str,
    readings: list[str],
) -> bool:
    text = trim(name)
    first, *others = (each.format(text) for each in readings)
    same = " and ".join(f"{first} = {other}" for other in others)
    (agree,) = connection.execute(
        f"select bool_and({same}) from {relation} where {text} is not null"
    ).fetchone()
    return bool(agree)
