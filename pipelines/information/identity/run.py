"""Who is the same person: registered twice, or reported though a customer already."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, prepare, run_lock
from pipelines.information.identity.pairs import THRESHOLD, score_pairs
from pipelines.information.identity.persons import (
    Change,
    Match,
    Registration,
    find_changes,
)

__all__ = ["THRESHOLD", "IdentitySummary", "Measure", "measure", "run"]

logger = logging.getLogger(__name__)
_CHANGES = pa.schema(
    {
        "source": pa.string(),
        "number": pa.string(),
        "customer_id": pa.string(),
        "action": pa.string(),
        "rule": pa.string(),
        "score": pa.float64(),
        "known_at": pa.timestamp("us"),
        "registered_date": pa.date32(),
    }
)


@dataclass(frozen=True)
class IdentitySummary:
    """What is known of who is the same person.

    Attributes
    ----------
    merged, prospects, split : int
        Registrations that belong to another customer now; people reported by partners
        who are customers; merges that were taken back since.
    """

    merged: int
    prospects: int
    split: int


@dataclass(frozen=True)
class Measure:
    """How well people are found at one threshold: of pairs found, and of true pairs."""

    threshold: float
    found: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the pairs found that are true."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that are found."""
        return self.right / self.true if self.true else 1.0


def run(settings: Settings) -> IdentitySummary:
    """Find who is the same person, and write each merge and split to ``ops``.

    Everything follows from the accepted deliveries, with the moment at which each match
    could first be known. So a rerun changes nothing, deliveries may come in any order,
    and a snapshot before a merge was known stays as it was.

    Returns
    -------
    IdentitySummary
    """
    with run_lock(settings, "resolve"), connect(settings) as connection:
        prepare(connection)
        Vault(connection, settings)
        score_pairs(connection)
        changes = find_changes(_read_matches(connection, THRESHOLD))
        _write(connection, changes)
        merged, prospects, split = connection.execute("""
            with latest as (
                select distinct on (source, number) *
                from ops.identity_changes order by source, number, known_at desc
            )
            select
                count(*) filter (where source = 'core_customers' and action = 'merge'),
                count(*) filter (where source = 'partner' and action = 'merge'),
                (select count(*) from ops.identity_changes where action = 'split')
            from latest
        """).fetchone()
    logger.info(
        "resolve: %d registrations are another customer's, %d prospects are customers, "
        "%d merges were taken back",
        merged,
        prospects,
        split,
    )
    return IdentitySummary(merged, prospects, split)


def measure(
    settings: Settings, thresholds: Iterable[float] = (2, 4, THRESHOLD, 9, 12)
) -> list[Measure]:
    """Compare what would be found at several thresholds with the planted truth.

    Reads ``truth/identities.parquet``, which only a synthetic bank has: ``source``,
    ``number`` and ``person``. A pair is two registrations of one person.

    Raises
    ------
    MissingSourceError
        There is no truth to compare with.
    """
    truth = settings.home / "truth" / "identities.parquet"
    if not truth.exists():
        msg = (
            "There is no truth/identities.parquet, so nothing can be measured. Only a "
            "bank made by `crm simulate` knows the truth."
        )
        raise MissingSourceError(msg)
    with run_lock(settings, "resolve"), connect(settings) as connection:
        prepare(connection)
        Vault(connection, settings)
        score_pairs(connection)
        _load_truth(connection, truth)
        return [_compare(connection, threshold) for threshold in thresholds]


def _read_matches(
    connection: duckdb.DuckDBPyConnection, threshold: float
) -> Iterable[Match]:
    registrations = {
        (source, number): Registration(source, number, registered_date, known_at)
        for source, number, registered_date, known_at in connection.execute("""
            select source, number, min(registered_date), min(known_at)
            from stated group by all
        """).fetchall()
    }
    for *pair, rule, score, known_at, superseded_at in connection.execute(
        "from scored_pairs where score >= ? order by all", [threshold]
    ).fetchall():
        one, other = (registrations[tuple(pair[i : i + 2])] for i in (0, 2))
        yield Match(one, other, rule, float(score), known_at, superseded_at)


def _write(connection: duckdb.DuckDBPyConnection, changes: list[Change]) -> None:
    rows = pa.Table.from_pylist([asdict(change) for change in changes], _CHANGES)
    connection.register("changes", rows)
    connection.begin()
    try:
        connection.execute("delete from ops.identity_changes")
        connection.execute("insert into ops.identity_changes by name from changes")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    connection.unregister("changes")


def _load_truth(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Keep the truth about those registrations that were delivered."""
    connection.execute(
        """
        create or replace temp table truth as
        select distinct stated.source, stated.number, planted.person
        from read_parquet(?) as planted
        left join vault.identifiers as known
            on planted.source = 'core_customers'
            and known.kind = 'customer' and planted.number = known.identifier
        inner join stated
            on planted.source = stated.source
            and coalesce(known.pseudonym, planted.number) = stated.number
        """,
        [str(truth)],
    )


def _compare(connection: duckdb.DuckDBPyConnection, threshold: float) -> Measure:
    # A prospect can be found through another registration of the same person, so what
    # counts is who belongs together in the end.
    changes = find_changes(_read_matches(connection, threshold))
    _register_people(connection, changes)
    ((found, right, true),) = connection.execute("""
        with everybody as (
            select truth.*, coalesce(people.customer_id, truth.number) as customer_id
            from truth left join people using (source, number)
        ),
        pairs as (
            select
                a.person = b.person as is_true,
                a.customer_id = b.customer_id as is_found
            from everybody as a, everybody as b
            where
                (a.source, a.number) < (b.source, b.number)
                and (a.person = b.person or a.customer_id = b.customer_id)
                and 'core_customers' in (a.source, b.source)
        )
        select
            count(*) filter (where is_found),
            count(*) filter (where is_found and is_true),
            count(*) filter (where is_true)
        from pairs
    """).fetchall()
    connection.unregister("people")
    return Measure(threshold, found, right, true)


def _register_people(
    connection: duckdb.DuckDBPyConnection, changes: list[Change]
) -> None:
    latest = {(change.source, change.number): asdict(change) for change in changes}
    connection.register("people", pa.Table.from_pylist([*latest.values()], _CHANGES))
