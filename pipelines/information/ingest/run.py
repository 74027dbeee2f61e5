"""Load what was delivered into ``raw``: every row once, and none of them lost."""

import logging
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.foundation import ledger
from pipelines.foundation.deliveries import Manifest, find_deliveries
from pipelines.foundation.errors import DataQualityError, MissingSourceError, UsageError
from pipelines.foundation.logs import show_progress
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, prepare, run_lock
from pipelines.information.ingest import contested, repaired, together
from pipelines.information.ingest import reload as again
from pipelines.information.ingest.check import (
    CheckedDelivery,
    Refusal,
    printable,
    read_manifest,
)
from pipelines.information.ingest.check_ahead import CheckAhead
from pipelines.information.ingest.load import load_delivery
from pipelines.information.ingest.outcomes import mark_duplicate, mark_refused
from pipelines.information.ingest.related import (
    STALE,
    Noted,
    find_earlier,
    is_noted,
    list_related,
)

logger = logging.getLogger(__name__)
# That one delivery is loaded in a run; more than a few are never needed.
MOST_TIMES = 20


@dataclass
class IngestSummary:
    """What became of the deliveries that were new, and of their rows.

    Attributes
    ----------
    deliveries_loaded, deliveries_duplicate, deliveries_known : int
        Loaded now; the same content as an earlier one; loaded in an earlier run.
    loaded_again : list of str
        Loaded once more, because another one changed what they repeat.
    rows_delivered, rows_loaded, rows_duplicate, rows_quarantined : int
        Of the deliveries that were loaded or duplicate; the last three add up to the
        first.
    refused, waiting : list of str
        One line for each delivery that can't be what it promises, and for each that has
        no manifest yet.
    """

    deliveries_loaded: int = 0
    deliveries_duplicate: int = 0
    deliveries_known: int = 0
    rows_delivered: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    loaded_again: list[str] = None
    refused: list[str] = None
    waiting: list[str] = None

    def __post_init__(self) -> None:
        self.loaded_again = self.loaded_again or []
        self.refused = self.refused or []
        self.waiting = self.waiting or []

    def raise_for_problems(self) -> None:
        """Raise for what was refused, else for what is waiting, if anything is.

        Raises
        ------
        DataQualityError
            A delivery was refused.
        MissingSourceError
            A delivery has no manifest yet.
        """
        if self.refused:
            raise DataQualityError("\n".join(self.refused))
        if self.waiting:
            raise MissingSourceError("\n".join(self.waiting))


def run(settings: Settings) -> IngestSummary:
    """Load every delivery in ``landing`` that is not in the warehouse yet.

    A delivery that is refused or not complete does not keep the others out: it is in
    the summary, which the caller asks to ``raise_for_problems`` when the rest is done.

    Returns
    -------
    IngestSummary
        Counts of deliveries and rows.
    """
    if set(str(settings.landing.resolve())) & set("*?["):
        msg = (
            "The path of CRM_HOME has a *, ? or [ in it, which DuckDB would read as a "
            "pattern, so nothing was loaded. Move it."
        )
        raise UsageError(msg)
    with run_lock(settings, "ingest"), connect(settings) as connection:
        prepare(connection)
        vault = Vault(connection, settings)
        vault.refuse_open_erasure()
        reconcile_ledger(connection, settings.ledger)
        summary = IngestSummary()
        with CheckAhead(connection, find_deliveries(settings.landing)) as checks:
            for folders in show_progress(checks, "Ingesting"):
                part = dict.fromkeys(folders)
                if len(folders) > 1:
                    part = together.look_over(connection, checks, folders)
                _ingest_part(connection, vault, checks, part, settings, summary)
            judge_again(connection, vault, checks, settings, summary)
    logger.info(
        "ingest: %d deliveries loaded, %d duplicate, %d known, %d refused, %d waiting; "
        "%d rows delivered = %d loaded + %d duplicate + %d quarantined",
        summary.deliveries_loaded,
        summary.deliveries_duplicate,
        summary.deliveries_known,
        len(summary.refused),
        len(summary.waiting),
        summary.rows_delivered,
        summary.rows_loaded,
        summary.rows_duplicate,
        summary.rows_quarantined,
    )
    if summary.loaded_again:
        logger.warning(
            "ingest: %d deliveries were judged again, because another one changed what "
            "they repeat",
            len(set(summary.loaded_again)),
        )
    return summary


def reconcile_ledger(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Enter what a run had committed when it was killed before it could say so.

    What the ledger had said once and then said otherwise is an old warehouse, not a new
    fact: `crm verify` finds it.
    """
    known = ledger.read_history(path)
    rows = connection.execute("""
        select
            delivery_id, rows_loaded, rows_duplicate, rows_quarantined, rows_hash,
            content_sha256
        from ops.deliveries
        where status != 'refused'
        order by loaded_at, delivery_id
    """).fetchall()
    entries = [ledger.Entry(*row) for row in rows]
    ledger.append(path, [entry for entry in entries if entry not in known])


def _ingest_part(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    checks: CheckAhead,
    part: together.Part,
    settings: Settings,
    summary: IngestSummary,
) -> None:
    """Ingest deliveries in their order: together where it can be, else each alone."""
    for alike in together.divide(part):
        if len(alike) == 1:
            (folder,) = alike
            _ingest_one(connection, vault, checks, folder, settings, summary)
            continue
        try:
            entries = together.load_together(connection, vault, list(alike.values()))
        except together.CloserLookError as error:
            rest = {
                folder: None
                if delivery.manifest.delivery_id in error.delivery_ids
                else delivery
                for folder, delivery in alike.items()
            }
            _ingest_part(connection, vault, checks, rest, settings, summary)
            continue
        ledger.append(settings.ledger, entries)
        for delivery, entry in zip(alike.values(), entries, strict=True):
            _count(summary, delivery, entry, is_duplicate=False)


def _ingest_one(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    checks: CheckAhead,
    folder: Path,
    settings: Settings,
    summary: IngestSummary,
) -> None:
    try:
        manifest = read_manifest(folder)
        if manifest is None:
            summary.waiting.append(
                f"{printable(folder.parent.name)}/{printable(folder.name)} has no "
                "manifest.json yet, so it was left alone. If its source has finished "
                "writing, ask it for the manifest."
            )
            return
        if checks.knows(manifest):
            summary.deliveries_known += 1
            return
        related = list_related(connection, manifest)
        earlier = find_earlier(connection, manifest, related)
        if earlier == manifest.delivery_id:
            summary.deliveries_known += 1
            return
        delivery = checks.check(folder, manifest)
        if earlier:
            entry, stale = _leave_out(
                connection, manifest, earlier, related, settings.landing
            )
        else:
            scratch = settings.home / "transcoded"
            entry, stale = load_delivery(connection, vault, delivery, related, scratch)
        checks.forget(stale)
    except (Refusal, OSError) as error:
        refusal = _name_unreadable(folder, error)
        summary.refused.append(str(refusal))
        mark_refused(connection, folder, refusal)
        return
    ledger.append(settings.ledger, [entry])
    if not is_noted(manifest, related, STALE):
        _count(summary, delivery, entry, is_duplicate=earlier is not None)
    else:
        summary.loaded_again.append(manifest.delivery_id)


def _name_unreadable(folder: Path, error: Refusal | OSError) -> Refusal:
    """Refuse a delivery that can not be read; raise what is not its doing."""
    if isinstance(error, Refusal):
        return error
    if not error.filename or folder not in Path(error.filename).parents:
        raise error
    return Refusal(
        f"{printable(folder.parent.name)}/{printable(folder.name)}",
        f"can't be read ({error.strerror})",
        "let the user who ingests read it",
    )


def _leave_out(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    earlier: str,
    related: list[Noted],
    landing: Path,
) -> tuple[ledger.Entry, list[str]]:
    """Note that a whole delivery repeats another, and who has its turn from now on."""
    connection.begin()
    try:
        entry = mark_duplicate(connection, manifest, earlier, related)
        stale = []
        if is_noted(manifest, related, STALE):
            stale = contested.find_out_of_turn(
                connection, landing, manifest.delivery_id
            )
            contested.forget_said(connection, manifest)
            again.take_out(connection, stale)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return entry, stale


def _count(
    summary: IngestSummary,
    delivery: CheckedDelivery,
    entry: ledger.Entry,
    *,
    is_duplicate: bool,
) -> None:
    summary.deliveries_duplicate += is_duplicate
    summary.deliveries_loaded += not is_duplicate
    summary.rows_delivered += delivery.manifest.rows
    summary.rows_loaded += entry.rows_loaded
    summary.rows_duplicate += entry.rows_duplicate
    summary.rows_quarantined += entry.rows_quarantined
    if delivery.added:
        logger.warning(
            "ingest: %s has columns that its contract lacks (%s): they were left out. "
            "Add them to the contract and they will be loaded.",
            entry.delivery_id,
            ", ".join(delivery.added),
        )


def judge_again(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    checks: CheckAhead,
    settings: Settings,
    summary: IngestSummary,
) -> None:
    """Load what was taken out to be judged again, until every row is in its turn.

    What is loaded again says what it said before, so that each round finds all that is
    said and settles it: what it takes out is not taken out again by the next.
    """
    restored, left = 0, set()
    while True:
        loaded = summary.loaded_again[restored:]
        repaired.restore(connection, vault, settings, loaded)
        restored += len(loaded)
        names = [n for n in again.list_stale(connection) if n not in left]
        if not names:
            return
        for name in names:
            folder = again.find_folder(settings.landing, name)
            is_refused = any(line.startswith(f"{name} ") for line in summary.refused)
            times = summary.loaded_again.count(name)
            if not folder or is_refused or times == MOST_TIMES:
                left.add(name)
            else:
                _ingest_one(connection, vault, checks, folder, settings, summary)
