"""Publish the marts: write a new read-only version, then move the pointer to it."""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipelines.decision.publish.manifest import write_manifest
from pipelines.decision.publish.marts import (
    DATABASE,
    combine_hashes,
    describe_marts,
    write_marts,
)
from pipelines.decision.publish.passed_gates import refuse_unvalidated
from pipelines.decision.publish.versions import (
    find_current,
    new_version,
    point_to,
    remove_old_versions,
    remove_partial_versions,
)
from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, run_lock
from pipelines.information.overdue import find_missing_days

__all__ = ["DATABASE", "Publication", "find_current", "run"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publication:
    """A published version.

    Attributes
    ----------
    version : str
        Its name, for example ``"2026-07-01-1f3a9c0d77e2"``.
    folder : Path
        Where it is.
    rows : dict of str to int
        Rows by mart.
    is_new : bool
        False where ``current`` already held the same content.
    """

    version: str
    folder: Path
    rows: dict[str, int]
    is_new: bool


def run(settings: Settings) -> Publication:
    """Publish the marts as they are in the warehouse.

    A version is named after the newest ``as_of_date`` and its content. So the same
    marts are never published twice, and what a killed run began is taken up again.

    Raises
    ------
    DataQualityError
        A gate failed, or none has been passed since the last build. ``current`` still
        points to the version before.
    MissingSourceError
        There are no marts yet.
    """
    with run_lock(settings, "publish"), connect(settings, read_only=True) as connection:
        refuse_unvalidated(settings, connection)
        marts = describe_marts(connection)
        as_of_date = _find_as_of_date(connection)
        version = f"{as_of_date}-{combine_hashes(marts)[:12]}"
        folder = settings.published / version
        is_new = find_current(settings) != folder
        remove_partial_versions(settings.published)
        if not folder.exists():
            with new_version(folder) as partial:
                write_marts(connection, partial, marts)
                gaps = find_missing_days(connection)
                write_manifest(settings, partial, as_of_date, marts, gaps)
        if is_new:
            point_to(folder)
        remove_old_versions(settings.published, settings.kept_versions)
    rows = {mart.name: mart.rows for mart in marts}
    logger.info(
        "publish: %d marts, %d rows, version %s, %s",
        len(rows),
        sum(rows.values()),
        version,
        "new" if is_new else "unchanged",
    )
    return Publication(version, folder, rows, is_new)


def _find_as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    (as_of_date,) = connection.execute(
        "select max(as_of_date) from marts.customer_features"
    ).fetchone()
    if as_of_date is None:
        msg = (
            "No customer has features yet, so nothing was published. `crm deliveries` "
            "lists what has been accepted."
        )
        raise MissingSourceError(msg)
    return as_of_date
