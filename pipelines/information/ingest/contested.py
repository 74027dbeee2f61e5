"""Keys of which several dates speak: what each said, and what becomes of it.

``precedence`` has the rule. Whatever is not in ``raw`` as it was said is remembered in
``ops.contested_rows``, so that it is known what was said without reading files again.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import Manifest
from pipelines.information.ingest import reload as again
from pipelines.information.ingest.precedence import (
    CONFLICT,
    KEPT,
    REPEATED,
    Saying,
    settle,
)
from pipelines.information.ingest.related import STALE

DELAYED = "delayed"
# A date speaks from when it is known until it is restated, held or not; not once it is
# withdrawn. One that was taken out to be judged again still says what it did.
STANDING = """
create or replace temp table standing as
with spoken as (
    select delivery_id, business_date, sequence, extracted_at from ops.deliveries
    where source = $source and delivery_id != $delivery_id
        and status in ('loaded', 'accepted', 'held', 'stale')
    union all
    select $delivery_id, $business_date, $sequence, $extracted_at
    where $extracted_at is not null
)
select
    delivery_id, business_date, sequence, extracted_at,
    min(extracted_at) over (
        partition by business_date order by sequence
        rows between 1 following and unbounded following
    ) as superseded_at
from spoken
"""
OWN = """
create or replace temp table own_rows as
select rowid as row, row_hash, hash({keys}) as key_hash from {table}
where delivery_id = $judged_as and known_at = $known_at
    and rowid not in (select row from repeated)
    and rowid not in (select row from faults where row is not null)
"""
# What a repaired row said when it was tried before.
SAID_AGAIN = """
delete from ops.contested_rows
where delivery_id = $delivery_id and said_at = $said_at
    and key_hash in (select key_hash from own_rows)
"""
IS_ANY_SAID = """
select exists(
    select delivery_id from {table}
    where {happened} between $first and $last and delivery_id != $judged_as
        and hash({keys}) in (select key_hash from own_rows)
) or exists(
    select delivery_id from ops.contested_rows
    where key_hash in (select key_hash from own_rows)
        and delivery_id in (select delivery_id from standing)
)
"""
# Of every delivery of a date, for what one says changes how long another stands.
OF_DATE = """
with of_date as (
    select delivery_id from ops.deliveries
    where source = $source and business_date = $business_date and status != 'refused'
)
select hash({keys}) as key_hash from {table} where delivery_id in (from of_date)
union
select key_hash from ops.contested_rows where delivery_id in (from of_date)
"""
# Of keys that several dates speak of, or did: all that is said, and what became of it.
SAID = """
create or replace temp table said as
with asked as (select distinct key_hash from asked_keys),
stored as (
    select
        stored.delivery_id, stored.key_hash, stored.row_hash, stored.known_at as since,
        coalesce(delayed.said_at, stored.known_at) as said_at
    from (
        select delivery_id, hash({keys}) as key_hash, row_hash, known_at
        from {table} where delivery_id != $judged_as
    ) as stored
    left join (
        select delivery_id, key_hash, said_at from ops.contested_rows
        where outcome = 'delayed'
    ) as delayed using (delivery_id, key_hash)
    where stored.key_hash in (from asked)
),
sayings as (
    select
        delivery_id, key_hash, row_hash, said_at, since, 'kept' as outcome,
        cast(null as bigint) as row
    from stored
    union all
    select delivery_id, key_hash, row_hash, said_at, null, outcome, null
    from ops.contested_rows
    where outcome != 'delayed' and key_hash in (from asked)
    union all
    select $delivery_id, key_hash, row_hash, $said_at, null, 'new', row
    from own_rows
)
select
    sayings.*, standing.business_date, standing.sequence,
    standing.superseded_at as until
from sayings inner join standing using (delivery_id)
qualify min(business_date) over (partition by key_hash)
    != max(business_date) over (partition by key_hash)
    or bool_or(outcome in ('repeated', 'conflict') or since != said_at)
        over (partition by key_hash)
order by key_hash, said_at, business_date, sequence
"""


@dataclass(frozen=True)
class Judged:
    """Rows that lie in ``raw`` to be judged, and what they are judged as.

    Attributes
    ----------
    contract, manifest
        Of the rows; the manifest's ``delivery_id`` is what they lie under.
    period : tuple of two date or datetime
        When the first and the last row happened.
    landing : Path
        Where deliveries still lie that can be loaded again. Where one does not, what is
        stored stays.
    beside : str or None
        The delivery that repaired rows are to join.
    said_at : datetime or None
        When they were repaired.
    """

    contract: Contract
    manifest: Manifest
    period: tuple[object, object]
    landing: Path
    beside: str | None = None
    said_at: datetime | None = None

    @property
    def values(self) -> dict[str, object]:
        """Parameters of the queries above."""
        return {
            "delivery_id": self.beside or self.manifest.delivery_id,
            "judged_as": self.manifest.delivery_id,
            "known_at": self.manifest.known_at,
            "said_at": self.said_at or self.manifest.known_at,
            "first": self.period[0],
            "last": self.period[1],
        }


def find_said_before(
    connection: duckdb.DuckDBPyConnection, judged: Judged
) -> list[str]:
    """Say what becomes of each row whose key others speak of, too.

    It goes to ``repeated``, to ``faults``, or to ``delayed`` if it counts later.

    Returns
    -------
    list of str
        Deliveries of which a row has become another's, or another's theirs: to be
        judged again after this one.
    """
    contract, values = judged.contract, judged.values
    target = values["delivery_id"]
    dated = {
        "source": contract.source,
        "business_date": judged.manifest.business_date,
        "sequence": judged.manifest.sequence,
        "extracted_at": judged.manifest.known_at,
    }
    # What repaired rows are to join stands already.
    added = {"delivery_id": "", "extracted_at": None} if judged.beside else {}
    _execute(connection, STANDING, values | dated | added)
    others, siblings = connection.execute(
        """
        select
            count(*) filter (business_date != $business_date),
            count(*) filter (business_date = $business_date and delivery_id != $target)
        from standing
        """,
        {"business_date": judged.manifest.business_date, "target": target},
    ).fetchone()
    if not others:
        return []
    names = _name(contract)
    _execute(connection, OWN.format(**names), values)
    if judged.beside:
        _execute(connection, SAID_AGAIN, values)
    if not siblings:
        ((is_any,),) = _execute(connection, IS_ANY_SAID.format(**names), values)
        if not is_any:
            return []
    asked = "select key_hash from own_rows"
    if siblings:
        asked = f"{asked} union ({OF_DATE.format(**names)})"
    _execute(
        connection,
        f"create or replace temp table asked_keys as {asked}",
        values | dated,
    )
    _execute(connection, SAID.format(**names), values)
    own, changed = _settle(connection, judged.landing)
    _apply(connection, judged, own)
    return changed


def find_out_of_turn(
    connection: duckdb.DuckDBPyConnection, landing: Path, delivery_id: str
) -> list[str]:
    """Find what has to be judged again, now that a delivery counts or no longer does.

    Its status has been changed before.
    """
    contract = load_contract(delivery_id.split("/", maxsplit=1)[0])
    nothing = dict.fromkeys(("business_date", "sequence", "extracted_at"))
    values = {"source": contract.source, "delivery_id": "", "judged_as": ""} | nothing
    _execute(connection, STANDING, values)
    names = _name(contract)
    (business_date,) = connection.execute(
        "select business_date from ops.deliveries "
        "where delivery_id = ? and status != 'refused'",
        [delivery_id],
    ).fetchone()
    _execute(
        connection,
        f"create or replace temp table asked_keys as {OF_DATE.format(**names)}",
        values | {"business_date": business_date},
    )
    connection.execute("""
        create or replace temp table own_rows (
            row bigint, row_hash ubigint, key_hash ubigint
        )
    """)
    _execute(connection, SAID.format(**names), values | {"said_at": None})
    return _settle(connection, landing)[1]


def forget_said(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Forget what a delivery said of contested keys, before it says it again.

    What was repaired was said at another time, and is said again by ``replay``.
    """
    connection.execute(
        "delete from ops.contested_rows where delivery_id = ? and said_at = ?",
        [manifest.delivery_id, manifest.known_at],
    )


def delay(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Let rows count from when those that held their keys before them have stopped."""
    connection.execute(f"""
        update raw.{source} as own set known_at = delayed.since
        from delayed where own.rowid = delayed.row
    """)


def _settle(
    connection: duckdb.DuckDBPyConnection, landing: Path
) -> tuple[list[tuple], list[str]]:
    """Settle every key in ``said``.

    Returns
    -------
    tuple of list of tuple and list of str
        Row, hash of key and of row, outcome and time of all that is new; and the
        deliveries for which the outcome is no longer what it was.
    """
    cursor = connection.execute("""
        select
            key_hash, delivery_id, row_hash, said_at, since, outcome, row,
            business_date, until
        from said
    """)
    rows = cursor.fetchall()
    fixed = {
        name
        for name in {row[1] for row in rows if row[5] != "new"}
        if again.find_folder(landing, name) is None
    }
    own, changed = [], set()
    for key_hash, of_key in groupby(rows, key=lambda row: row[0]):
        said = [row for row in of_key if row[1] not in fixed or row[5] in {KEPT, "new"}]
        sayings = [
            Saying(
                business_date=business_date,
                said_at=since if name in fixed and since else said_at,
                until=until,
                row_hash=row_hash,
                is_fixed=name in fixed and since is not None,
            )
            for _, name, row_hash, said_at, since, _, _, business_date, until in said
        ]
        for before, after in zip(said, settle(sayings), strict=True):
            _, name, row_hash, said_at, since, outcome, row, *_ = before
            if outcome == "new":
                own.append((row, key_hash, row_hash, *after, said_at))
            elif name not in fixed and outcome != STALE:
                was = (outcome, since) if outcome == KEPT else (outcome,)
                if was != after[: len(was)]:
                    changed.add(name)
    return own, sorted(changed)


def _apply(
    connection: duckdb.DuckDBPyConnection, judged: Judged, own: list[tuple]
) -> None:
    """Sort own rows by what becomes of them, and remember what is not kept as it is."""
    sorted_out = [
        (
            row,
            key_hash,
            row_hash,
            DELAYED if outcome == KEPT and since != said_at else outcome,
            since,
        )
        for row, key_hash, row_hash, outcome, since, said_at in own
    ]
    sorted_out = [line for line in sorted_out if line[3] != KEPT]
    if not sorted_out:
        return
    columns = ["row", "key_hash", "row_hash", "outcome", "since"]
    types = [pa.int64(), pa.uint64(), pa.uint64(), pa.string(), pa.timestamp("us")]
    arrays = [
        pa.array(values, type_)
        for values, type_ in zip(zip(*sorted_out, strict=True), types, strict=True)
    ]
    connection.register("sorted_out", pa.table(arrays, names=columns))
    connection.execute(f"""
        insert into repeated select row from sorted_out where outcome = '{REPEATED}';
        insert into delayed select row, since from sorted_out
        where outcome = '{DELAYED}';
    """)
    connection.execute(
        f"""
        insert into faults (row, column_name, reason)
        select row, ?, 'key_conflict' from sorted_out where outcome = '{CONFLICT}'
        """,
        [judged.contract.keys[0]],
    )
    connection.execute(
        """
        insert into ops.contested_rows
        select $delivery_id, key_hash, row_hash, $said_at, outcome from sorted_out
        """,
        {name: judged.values[name] for name in ("delivery_id", "said_at")},
    )
    connection.unregister("sorted_out")


def _name(contract: Contract) -> dict[str, str]:
    return {
        "table": f"raw.{contract.source}",
        "keys": ", ".join(contract.keys),
        "happened": contract.happened.name,
    }


def _execute(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, object]
) -> list[tuple]:
    """Run a query with those of the values that it names."""
    used = {name: value for name, value in values.items() if f"${name}" in query}
    return connection.execute(query, used).fetchall()
