"""What is noted of deliveries that share a name, a date or a content with a new one.

Asked once a delivery: what it repeats, what it restates and what repeats it follows.
"""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from pipelines.foundation.deliveries import Manifest
from pipelines.information.ingest.check import Refusal

STALE = "stale"


@dataclass(frozen=True)
class Noted:
    """A line of ``ops.deliveries``. One that was refused has neither time nor content.

    Attributes
    ----------
    extracted_at : datetime or None
        When its source wrote it out, in UTC.
    rows : int or None
        How many it delivered.
    """

    delivery_id: str
    business_date: date | None
    sequence: int | None
    extracted_at: datetime | None
    status: str
    content: str | None
    rows: int | None

    @property
    def turn(self) -> tuple[datetime, str]:
        """What decides which of two that say the same keeps it."""
        return self.extracted_at, self.delivery_id


def list_related(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest
) -> list[Noted]:
    """List what is noted of its name, its date or its content, in its source."""
    rows = connection.execute(
        """
        select
            delivery_id, business_date, sequence, extracted_at, status,
            content_sha256, rows_delivered
        from ops.deliveries
        where source = ?
            and (delivery_id = ? or business_date = ? or content_sha256 = ?)
        """,
        [
            manifest.source,
            manifest.delivery_id,
            manifest.business_date,
            manifest.content,
        ],
    ).fetchall()
    return [Noted(*row) for row in rows]


def find_earlier(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, related: list[Noted]
) -> str | None:
    """Find the delivery that this one repeats: itself, or another with its content.

    Raises
    ------
    Refusal
        One of the same name was loaded with other content.
    """
    loaded = [
        noted
        for noted in related
        if noted.delivery_id == manifest.delivery_id
        and noted.status not in {"refused", STALE}
    ]
    if loaded:
        contents = {loaded[0].content, *_list_erased(connection, manifest)}
        if manifest.content in contents:
            return manifest.delivery_id
        raise Refusal(
            manifest.delivery_id,
            "has other content than the delivery of that name that was loaded",
            "send a restatement with the next sequence",
        )
    # A restatement is loaded whatever it says, and what was extracted first is never
    # the repetition: so the order in which deliveries come in makes no difference.
    if manifest.sequence != 1:
        return None
    repeated = [
        noted
        for noted in _list_copies(manifest, related)
        if noted.status not in {"refused", "duplicate", "withdrawn"}
        and noted.turn < _turn(manifest)
    ]
    return min(repeated, key=lambda noted: noted.turn).delivery_id if repeated else None


def find_copies(manifest: Manifest, related: list[Noted]) -> list[str]:
    """Find what only says again what this one said before it, loaded or not."""
    return [
        noted.delivery_id
        for noted in _list_copies(manifest, related)
        if noted.sequence == 1
        and noted.status in {"loaded", "accepted", "held", "duplicate"}
        and noted.turn > _turn(manifest)
    ]


def is_noted(manifest: Manifest, related: list[Noted], *statuses: str) -> bool:
    """Whether anything, or anything with one of the statuses, is noted of its name."""
    return any(
        noted.delivery_id == manifest.delivery_id
        and (not statuses or noted.status in statuses)
        for noted in related
    )


def _list_copies(manifest: Manifest, related: list[Noted]) -> list[Noted]:
    return [
        noted
        for noted in related
        if noted.content == manifest.content
        and noted.business_date != manifest.business_date
        and noted.rows > 0
    ]


def _turn(manifest: Manifest) -> tuple[datetime, str]:
    return manifest.known_at, manifest.delivery_id


def _list_erased(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> set[str]:
    """List what a delivery's content was before somebody was erased from it."""
    rows = connection.execute(
        "select content_sha256 from ops.erased_contents where delivery_id = ?",
        [manifest.delivery_id],
    ).fetchall()
    return {content for (content,) in rows}
