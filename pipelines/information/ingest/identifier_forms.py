"""What an identifier says, however it is spelt: one form for each kind, in SQL.

One value in two spellings would be two people, and would dodge its check digit; a word
for nothing or a damaged value would make one of several. So pseudonyms are made of one
form, words for nothing are no value, and what was damaged is quarantined.
"""

from datetime import date

import duckdb

from pipelines.foundation.parameters import read_seed

# What DuckDB's trim would leave: a tab, and the spaces of Latin-1 and of Chinese text.
BLANKS = "' ' || chr(9) || chr(160) || chr(12288)"
WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)).replace(
    "'", "''"
)
# Numbers that somebody is known by; names, logins and addresses may look like anything.
NUMBERED = ("account", "card", "customer", "document", "household", "phone")
_NUMBERED = ", ".join(f"'{name}'" for name in NUMBERED)
# A spreadsheet's marks for text, its scientific notation, a fraction, digits that a
# float no longer holds, and a mask.
DAMAGED_NUMBER = (
    r"^''|^=\"|[*]|^[0-9]+([.][0-9]+)?[eE][+][0-9]+$|^[0-9][.][0-9]+[eE][0-9]+$"
    r"|^[0-9]+[.]0*[1-9][0-9]*$|^[0-9]{16,}[.]0+$"
)
# Bytes that were shown as text, or could not be.
DAMAGED_TEXT = r"\\[xX][0-9A-F]{2}|�"
OLD_CARD = r"[0-9]{8}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}"


def trim(expression: str) -> str:
    """Write a value without blanks around it, null where nothing is left."""
    return f"nullif(trim({expression}, {BLANKS}), '')"


def list_forms(written: str, day: date) -> str:
    """Write the query that finds the one form of identifiers, however they are spelt.

    Parameters
    ----------
    written : str
        A query with the columns ``kind``, for example ``"card"``, and ``written``.
    day : date
        When they were written out; words for nothing are dated.

    Returns
    -------
    str
        A query with these columns and ``identifier``, null for a word for nothing.
    """
    # Most values have no wide letter, which their length tells.
    base = trim(
        "if(strlen(written) = length(written), written, "
        f"translate(written, '{WIDE}', '{NARROW}'))"
    )
    return f"""
        select
            kind, written, case when {_is_nothing(day)} then null else form end
                as identifier
        from (
            select
                kind, written,
                case
                    when kind = 'phone' then {_write_phone("whole")}
                    when kind = 'email' then lower(whole)
                    when kind = 'document' then {_write_document("whole")}
                    when kind in ('name', 'address', 'login') then whole
                    when regexp_full_match(whole, '[0-9][0-9 -]*')
                    then regexp_replace(whole, '[ -]', '', 'g')
                    when regexp_full_match(whole, '[A-Za-z0-9]+') then upper(whole)
                    else whole
                end as form
            from (
                select
                    kind, written,
                    case
                        when kind in ({_NUMBERED})
                            and regexp_full_match(base, '[0-9]{{1,15}}[.]0+')
                        then split_part(base, '.', 1) else base
                    end as whole
                from (select kind, written, {base} as base from ({written}))
            )
        )
    """


def is_damaged(kind: str, form: str) -> str:
    """Write whether an identifier's form shows that it was damaged on its way."""
    return (
        f"(regexp_matches({form}, '{DAMAGED_TEXT}') or {kind} in ({_NUMBERED}) "
        f"and regexp_matches({form}, '{DAMAGED_NUMBER}'))"
    )


def find_form(kind: str, identifier: str, day: date) -> str | None:
    """Find the one form of one identifier."""
    with duckdb.connect() as connection:
        ((form,),) = connection.execute(
            "select identifier from "
            f"({list_forms('select ? as kind, ? as written', day)})",
            [kind, identifier],
        ).fetchall()
    return form


def list_words(kind: str, day: date) -> str:
    """List what stands for nothing of a kind as one pattern, as in the seed."""
    patterns = [
        row["pattern"]
        for row in read_seed("words_for_nothing")
        if row["kind"] == kind and row["valid_from"] <= day.isoformat()
    ]
    return "|".join(f"(?:{pattern})" for pattern in patterns).replace("'", "''")


def _is_nothing(day: date) -> str:
    own = " ".join(
        f"when '{name}' then regexp_full_match(lower(form), '{words}')"
        for name in ("phone", "email", "document")
        if (words := list_words(name, day))
    )
    return (
        f"(form = '' or regexp_full_match(lower(form), '{list_words('any', day)}') "
        f"or case kind {own} else false end)"
    )


def _write_phone(text: str) -> str:
    bare = f"regexp_replace({text}, '[ ()./-]', '', 'g')"
    return rf"regexp_replace({bare}, '^(\+86|0086|86)(1[0-9]{{10}})$', '\2')"


def _write_document(text: str) -> str:
    """Write capitals without blanks; an old identity card as the new one it became."""
    bare = f"upper(regexp_replace({text}, '[ -]', '', 'g'))"
    longer = f"left({bare}, 6) || '19' || right({bare}, 9)"
    check = f"""list_sum(list_transform(range(1, 18), lambda place:
        cast(substr({longer}, place, 1) as integer) * ((1 << (18 - place)) % 11)
    ))"""
    return f"""if(
        regexp_full_match({bare}, '{OLD_CARD}'),
        {longer} || substr('10X98765432', cast(1 + {check} % 11 as bigint), 1), {bare}
    )"""
