"""Judge a checked delivery's rows, and keep them, in one transaction."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.foundation.deliveries import Manifest
from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.ledger import Entry
from pipelines.foundation.vault import Vault
from pipelines.information.ingest import (
    contested,
    erased,
    files,
    scan,
)
from pipelines.information.ingest import (
    judge_rows as judge,
)
from pipelines.information.ingest import (
    reload as again,
)
from pipelines.information.ingest import (
    repeated_rows as repeats,
)
from pipelines.information.ingest.check import CheckedDelivery, Refusal
from pipelines.information.ingest.outcomes import count_rows, record
from pipelines.information.ingest.pseudonyms import store_pseudonyms
from pipelines.information.ingest.related import Noted, find_copies, is_noted
from pipelines.information.quarantine import write_row

DECIMAL_COMMA = re.compile(r"^(-?\d+),(\d+)$")


def load_delivery(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    delivery: CheckedDelivery,
    related: list[Noted],
    scratch: Path,
) -> tuple[Entry, list[str]]:
    """Load one delivery's rows: each is loaded, a duplicate, or quarantined.

    A row is written once, to where it stays, with pseudonyms in place of identifiers;
    the few that turn out to be faulty or repeated are taken out again before anybody
    has seen them.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, open for writing.
    vault : Vault
        Attached to it.
    delivery : CheckedDelivery
        What was delivered.
    related : list of Noted
        What is noted of it and of others, by ``list_related``.
    scratch : Path
        Folder for files that have to be written anew before DuckDB can read them.

    Returns
    -------
    tuple of Entry and list of str
        The counts, as the ledger keeps them; and the deliveries that were taken out, to
        be judged again after this one.

    Raises
    ------
    Refusal
        The files hold other rows or sums than promised.
    """
    manifest = delivery.manifest
    try:
        with files.as_csv(delivery.paths, manifest, scratch) as paths:
            sources = [
                scan.Source(delivery, number, path)
                for number, path in enumerate(paths, 1)
            ]
            connection.execute(judge.TABLES)
            # What the vault learns is harmless should the rest fail, and DuckDB lets a
            # transaction write to one database only.
            may_be_rounded = store_pseudonyms(connection, vault, sources)
            return _load(
                connection, vault, sources, related, may_be_rounded=may_be_rounded
            )
    except files.DamagedFileError as error:
        raise Refusal(manifest.delivery_id, error.happened, error.advice) from None
    except scan.UnreadableError as error:
        raise Refusal(
            manifest.delivery_id,
            f"can't be read as CSV in file {error}",
            "look for an unbalanced quote or mixed line ends, and send it again",
        ) from None
    except duckdb.DataError as error:
        # Its message quotes the value, so it goes no further; nor does the delivery.
        raise Refusal(
            manifest.delivery_id,
            f"holds a value that can't be kept ({type(error).__name__})",
            "withdraw it from landing, and tell us which columns are unusual",
        ) from None


def _load(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    sources: list[scan.Source],
    related: list[Noted],
    *,
    may_be_rounded: bool,
) -> tuple[Entry, list[str]]:
    delivery = sources[0].delivery
    manifest = delivery.manifest
    connection.begin()
    try:
        contested.forget_said(connection, manifest)
        sources = [_insert(connection, source) for source in sources]
        if may_be_rounded:
            scan.find_rounded(connection, sources)
        facts = judge.measure(connection, delivery.contract, manifest)
        notes = [_check_totals(manifest, facts)]
        is_faulty, stale = judge.find_faulty(
            connection, sources, facts, landing=delivery.landing
        )
        if is_faulty:
            _keep_raw_text(connection, vault, delivery)
            entry = _take_out(connection, manifest)
        else:
            entry = count_clean(manifest, facts)
        if delivery.added:
            added = ", ".join(delivery.added)
            notes.append(f"Has columns that the contract lacks: {added}")
        contested.delay(connection, manifest.source)
        note = ". ".join(filter(None, notes)) or None
        record(connection, manifest, entry, related, status="loaded", note=note)
        _check_conservation(manifest, entry)
        copies = find_copies(manifest, related)
        stale += [n for n in copies if again.find_folder(delivery.landing, n)]
        again.take_out(connection, stale)
        # People decide only of what is noted.
        if is_noted(manifest, related):
            again.apply_decisions(connection, manifest.delivery_id)
    except BaseException:
        connection.rollback()
        connection.execute("reset disabled_optimizers")
        raise
    connection.commit()
    return entry, stale


def _insert(connection: duckdb.DuckDBPyConnection, source: scan.Source) -> scan.Source:
    manifest = source.delivery.manifest
    inserted, found = scan.insert_rows(connection, source)
    promised = manifest.files[source.number - 1]
    if found != promised.rows:
        raise Refusal(
            manifest.delivery_id,
            f"has {found} rows in {promised.name} and promised {promised.rows}",
            "the file was cut, or the manifest is wrong, send it again",
        )
    return inserted


def _check_totals(manifest: Manifest, facts: judge.Facts) -> str | None:
    """Compare with what was promised, or say why that was not possible."""
    if facts.unreadable and manifest.control_totals:
        # An amount that can't be read can't be added up.
        return "Control totals were not compared, for a row can't be read"
    for name, promised in manifest.control_totals.items():
        if facts.totals[name] != Decimal(promised):
            raise Refusal(
                manifest.delivery_id,
                f"has another sum of {name} than the control total it promised",
                "rows were changed or lost on the way, send it again",
            )
    return None


def _keep_raw_text(
    connection: duckdb.DuckDBPyConnection, vault: Vault, delivery: CheckedDelivery
) -> None:
    """Keep each faulty row's text in the vault, always with commas and points."""
    rows = connection.execute("""
        select file_number, line_number, any_value(raw_text), bool_or(row is null)
        from faults group by all
        having not bool_or(reason = 'erased')
    """).fetchall()
    rows = [row for row in rows if not vault.names_erased(row[2])]
    orphans = erased.find_orphans(connection, delivery.contract)
    vault.forget_identifiers(orphans)
    manifest = delivery.manifest
    is_foreign = (manifest.delimiter, manifest.decimal) != (",", ".")
    vault.store_quarantined(
        manifest.delivery_id,
        [
            (file, line, _in_commas(text, manifest) if is_foreign and as_sent else text)
            for file, line, text, as_sent in rows
        ],
    )


def _in_commas(text: str, manifest: Manifest) -> str:
    try:
        cells = next(csv.reader(io.StringIO(text), delimiter=manifest.delimiter), [])
    except csv.Error:
        return text
    if manifest.decimal == ",":
        cells = [
            f"{found[1]}.{found[2]}"
            if (found := DECIMAL_COMMA.fullmatch(cell))
            else cell
            for cell in cells
        ]
    return write_row(cells)


def _take_out(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Entry:
    """Move what is faulty to quarantine, drop what is repeated, and count again."""
    connection.execute(
        """
        insert into ops.quarantine
        select ?, file_number, line_number, column_name, reason, 'open' from faults
        """,
        [manifest.delivery_id],
    )
    duplicate = repeats.take_out(connection, manifest.source)
    (quarantined,) = connection.execute("""
        select count(distinct (file_number, line_number)) from faults
    """).fetchone()
    loaded, rows_hash = count_rows(connection, manifest.delivery_id)
    return Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=loaded,
        rows_duplicate=duplicate,
        rows_quarantined=quarantined,
        rows_hash=rows_hash,
        content_sha256=manifest.content,
    )


def count_clean(manifest: Manifest, facts: judge.Facts) -> Entry:
    """Count a delivery of which every row was kept."""
    return Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=facts.rows,
        rows_duplicate=0,
        rows_quarantined=0,
        rows_hash=facts.rows_hash,
        content_sha256=manifest.content,
    )


def _check_conservation(manifest: Manifest, entry: Entry) -> None:
    kept = entry.rows_loaded + entry.rows_duplicate + entry.rows_quarantined
    if kept != manifest.rows:
        msg = (
            f"{manifest.delivery_id} delivered {manifest.rows} rows and {kept} of them "
            "were accounted for, so none was loaded. This is a bug, not a fault "
            "of the delivery: please report it."
        )
        raise DataQualityError(msg)
