"""Which two registrations may be the same person, and how surely.

A Fellegi-Sunter score: each field that agrees or disagrees adds its weight, the base-2
logarithm of how much likelier that is for one person than for two. Names are compared
by their real spelling, in the vault; what leaves it is pseudonyms, rules and scores.
"""

from datetime import UTC, datetime

import duckdb

from pipelines.information.ingest.identifier_forms import list_words

# Bits. A birthday is shared by one pair in 20,000, a full name by one in 3,000, a
# telephone number within a household. Different identity cards are different people.
WEIGHTS = {
    "birth_date": (12, -8),
    "phone": (10, -1),
    "email": (12, -1),
    "address": (4, 0),
    "gender": (1, -6),
}
SAME_DOCUMENT, OTHER_DOCUMENT = 30, -20
SAME_NAME, NEAR_NAME, OTHER_NAME = 11, 7, -7
ALMOST_SAME_BIRTH = 4
# Fixed, so that a pair's score never depends on how many customers there are today. Of
# a million customers, a pair taken at random is one person with odds of 1 to 2^20.
PRIOR = -20
# Probability of 0.99. `crm resolve --measure` says what others would do.
THRESHOLD = 6.6
IDENTITY_CARD_LENGTH = 18
# Different names on one value; an address of more is no household, either.
MOST_SHARING = 6
SHARED = ("document_number", "phone_number", "email_address", "postal_address")

# What was ever said in an accepted delivery, once per registration and person.
_STATED = """
create or replace temp table stated as
with registrations as (
    select
        'core_customers' as source, customer_number as number, registered_date,
        full_name, document_number, phone_number, email_address, postal_address,
        birth_date, gender, delivery_id
    from raw.core_customers
    union all
    select
        'partner', person_number, reported_date, full_name, document_number,
        phone_number, email_address, null, birth_date, gender, delivery_id
    from raw.partner
)
select
    registrations.* exclude (registered_date, delivery_id),
    min(registered_date) as registered_date,
    min(known_at) as known_at,
    -- Stands as long as one delivery that says it does.
    if(
        bool_or(superseded_at is null), null, max(superseded_at)
    ) as superseded_at
from registrations
inner join ops.accepted_deliveries using (delivery_id)
group by all
"""
_SPELT = """
create or replace temp table spelt as
select
    row_number() over () as row,
    stated.*,
    lower(strip_accents(trim(names.identifier))) as spelling,
    left(spelling, 1) as initial,
    length(documents.identifier) as document_length
from stated
left join vault.identifiers as names
    on names.kind = 'name' and stated.full_name = names.pseudonym
left join vault.identifiers as documents
    on documents.kind = 'document' and stated.document_number = documents.pseudonym
"""
# Blocks: two registrations meet only where one of these is the same.
_BLOCKS = (
    "document_number",
    "phone_number",
    "email_address",
    "full_name, birth_date",
    "birth_date, initial",
)

# DuckDB's distances count bytes, and a Chinese character has three of them.
_IS_NEAR = """
    damerau_levenshtein(a.spelling, b.spelling) = 1
    or jaro_winkler_similarity(a.spelling, b.spelling) >= 0.96
    or (
        length(a.spelling) = length(b.spelling)
        and length(a.spelling) > 2
        and len(list_filter(
            range(1, length(a.spelling) + 1),
            lambda place: a.spelling[place] != b.spelling[place]
        )) = 1
    )
"""


def _forget_shared(connection: duckdb.DuckDBPyConnection) -> None:
    """Take values for none that say nothing of who somebody is.

    What more people give than share a household, a default or a counter's own telephone
    number, and birthdays that stand for an unknown one.
    """
    for column in SHARED:
        connection.execute(f"""
            update stated set {column} = null where {column} in (
                select {column} from stated group by {column}
                having count(distinct coalesce(full_name, number)) > {MOST_SHARING}
            )
        """)
    connection.execute(
        "update stated set birth_date = null "
        "where regexp_full_match(birth_date::varchar, ?)",
        [list_words("birth_date", datetime.now(UTC).date())],
    )


def score_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Score every two registrations that share a block, as ``temp.scored_pairs``.

    The table has a row per two statements: ``left_source``, ``left_number``,
    ``right_source``, ``right_number``, ``rule`` (``same_document`` or ``scored``),
    ``score``, and ``known_at`` and ``superseded_at``, between which both stood.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, with the vault attached.
    """
    connection.execute(_STATED)
    _forget_shared(connection)
    connection.execute(_SPELT)
    met = " union ".join(_meet(block) for block in _BLOCKS)
    connection.execute(f"""
        create or replace temp table scored_pairs as
        with met as ({met}),
        compared as (
            select one, other, {_score()} as score
            from met
            inner join spelt as a on one = a.row
            inner join spelt as b on other = b.row
        )
        select
            a.source as left_source, a.number as left_number,
            b.source as right_source, b.number as right_number,
            if(
                a.document_number = b.document_number, 'same_document', 'scored'
            ) as rule,
            score,
            greatest(a.known_at, b.known_at) as known_at,
            least(a.superseded_at, b.superseded_at) as superseded_at
        from compared
        inner join spelt as a on one = a.row
        inner join spelt as b on other = b.row
        where
            least(a.superseded_at, b.superseded_at) is null
            or least(a.superseded_at, b.superseded_at)
            > greatest(a.known_at, b.known_at)
    """)
    # They hold real spellings.
    connection.execute("drop table spelt")


def _meet(block: str) -> str:
    return f"""
        select a.row as one, b.row as other
        from spelt as a
        inner join spelt as b using ({block})
        where (a.source, a.number) < (b.source, b.number)
    """


def _score() -> str:
    names = {
        "phone": "phone_number",
        "email": "email_address",
        "address": "postal_address",
    }
    parts = [
        _agree(f"a.{names.get(field, field)}", f"b.{names.get(field, field)}", *weights)
        for field, weights in WEIGHTS.items()
        if field != "birth_date"
    ]
    same, other = WEIGHTS["birth_date"]
    return f"""
        {PRIOR} + {" + ".join(parts)}
        + case
            when a.birth_date is null or b.birth_date is null then 0
            when a.birth_date = b.birth_date then {same}
            when damerau_levenshtein(
                cast(a.birth_date as varchar), cast(b.birth_date as varchar)
            ) = 1 then {ALMOST_SAME_BIRTH}
            else {other}
        end
        + case
            when a.document_number = b.document_number then {SAME_DOCUMENT}
            when a.document_length = {IDENTITY_CARD_LENGTH}
                and b.document_length = {IDENTITY_CARD_LENGTH} then {OTHER_DOCUMENT}
            else 0
        end
        + case
            when a.spelling is null or b.spelling is null then 0
            when a.spelling = b.spelling then {SAME_NAME}
            when {_IS_NEAR} then {NEAR_NAME}
            else {OTHER_NAME}
        end
    """


def _agree(one: str, other: str, same: int, different: int) -> str:
    return f"""
        case
            when {one} is null or {other} is null then 0
            when {one} = {other} then {same}
            else {different}
        end
    """
