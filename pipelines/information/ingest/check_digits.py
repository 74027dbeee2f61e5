"""Whether the last character of an identifier follows from those before it.

Numbers are taken apart in numpy, which DuckDB takes three times as long for.
"""

import duckdb
import numpy as np

# The last character apart, and what it stands for. A value of another form has none.
FORMS = {
    "luhn": """
        select rowid, try_cast(identifier as ubigint) as number, 0 as last
        from pseudonyms
        where kind = ? and regexp_full_match(identifier, '[0-9]{12,19}')
    """,
    "iso7064": """
        select
            rowid, try_cast(left(identifier, 17) as ubigint) as number,
            coalesce(try_cast(right(identifier, 1) as utinyint), 10) as last
        from pseudonyms
        where kind = ? and regexp_full_match(identifier, '[0-9]{17}[0-9X]')
    """,
}


def find_false(
    connection: duckdb.DuckDBPyConnection, kind: str, check_digit: str
) -> None:
    """Add to ``false_identifiers`` those whose last character is not what it must be.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has the temporary tables ``pseudonyms`` and ``false_identifiers``.
    kind : str
        Of identifier, for example ``"card"``.
    check_digit : {"luhn", "iso7064"}
        How the last character follows from the others.
    """
    found = connection.execute(FORMS[check_digit], [kind]).fetchnumpy()
    is_true = {"luhn": is_luhn, "iso7064": is_iso7064}[check_digit]
    false = found["rowid"][~is_true(found["number"], found["last"])]
    if len(false):
        connection.execute(
            """
            insert into false_identifiers
            select kind, pseudonym from pseudonyms
            where rowid in (select unnest(?::bigint[]))
            """,
            [false.tolist()],
        )


def is_luhn(numbers: np.ndarray, _: np.ndarray | None = None) -> np.ndarray:
    """Tell numbers with the check digit of cards, which is part of them.

    From the right, every second digit counts double, less 9 from 10 on.

    >>> is_luhn(np.array([4539578763621486, 4539578763621487], dtype=np.uint64))
    array([ True, False])
    """
    total = np.zeros(len(numbers), np.int64)
    for _ in range(5):  # of 20 digits
        numbers, four = np.divmod(numbers, np.uint64(10_000))
        total += LUHN_SUMS[four]
    return total % 10 == 0


def is_iso7064(numbers: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Tell the 17 digits of identity cards that their last character goes with.

    Each digit counts twice what the one to its right does, and an X counts 10.

    >>> numbers = np.array([11010519491231002] * 2, dtype=np.uint64)
    >>> is_iso7064(numbers, np.array([10, 9]))
    array([ True, False])
    """
    total = last.astype(np.int64)
    for place in range(1, 18):
        numbers, digit = np.divmod(numbers, np.uint64(10))
        total += digit.astype(np.int64) * pow(2, place, 11)
    return total % 11 == 1


def _sum_luhn(number: int) -> int:
    ones, tens = number % 10, number // 10 % 10 * 2
    rest = _sum_luhn(number // 100) if number >= 100 else 0  # noqa: PLR2004
    return ones + tens // 10 + tens % 10 + rest


LUHN_SUMS = np.array([_sum_luhn(number) for number in range(10_000)])
