"""Products that accounts have and the seed ``product_families`` lacks."""

import re

import duckdb

# As the seed's own codes: what has another form may be anything, a name for one.
FORM = re.compile(r"[A-Z]{1,4}[0-9]{1,4}")
MAX_SHOWN = 5


def describe(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say in one line which codes are unknown, and what is counted under them.

    Returns
    -------
    list of str
        Empty where the seed knows them all. Each code has its open accounts and their
        balance in CNY.
    """
    rows = connection.execute("""
        select product_code, open_account_count, balance_cny from marts.products
        where product_family = 'unknown' order by open_account_count desc, product_code
    """).fetchall()
    if not rows:
        return []
    shown = [_describe_code(*row) for row in rows[:MAX_SHOWN]]
    if len(rows) > MAX_SHOWN:
        shown.append(f"{len(rows) - MAX_SHOWN} more")
    line = (
        f"product_families lacks {len(rows)} product_code of core_accounts, so they "
        f"count as unknown and without margin: {', '.join(shown)}. Add them to "
        "dbt_project/seeds/product_families.csv and product_margins.csv."
    )
    return [line]


def _describe_code(code: str, open_account_count: int, balance_cny: object) -> str:
    name = code if FORM.fullmatch(code) else "one of another form"
    return f"{name} ({open_account_count} open accounts, CNY {balance_cny:,.2f})"
