"""Erase a person from everywhere, and prove it."""

import json
import logging
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb

from pipelines.forget import landing
from pipelines.forget.databases import (
    REBUILT,
    enter_into_ledger,
    erase_from_warehouse,
    find_quarantined,
    put_in_place,
    rebuild,
    remove,
)
from pipelines.forget.person import (
    LENT_KINDS,
    OWN_KINDS,
    PROSPECT,
    Person,
    collect,
)
from pipelines.forget.published import erase_from_published
from pipelines.forget.search import (
    holds_any,
    refuse_hits,
    search_database,
    search_home,
)
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault, load_key, pseudonym, tombstone
from pipelines.foundation.warehouse import connect, prepare, run_lock
from pipelines.information.ingest.identifier_forms import find_form

__all__ = ["resume", "run", "run_by_number"]

logger = logging.getLogger(__name__)


def run(settings: Settings, customer: str) -> dict:
    """Erase a customer, known by pseudonym, with all registrations of the same person.

    An erasure that was interrupted is ended first.

    Returns
    -------
    dict
        The certificate: what was rewritten, what was searched, and nobody's name.

    Raises
    ------
    UsageError
        There is no such customer.
    DataQualityError
        The proof found the person's values, so the erasure stays open.
    """
    with run_lock(settings, "forget"):
        resume(settings)
        with connect(settings) as connection:
            prepare(connection)
            Vault(connection, settings)
            _begin(connection, load_key(settings), customer)
        return resume(settings)


def run_by_number(settings: Settings, number: str) -> dict:
    """Erase the customer of a real customer number, which is kept nowhere."""
    form = find_form("customer", number.strip(), datetime.now(UTC).date()) or ""
    return run(settings, pseudonym(load_key(settings), "customer", form))


def resume(settings: Settings) -> dict | None:
    """Go through with the erasure that has been begun, if there is one.

    Each of its steps may be taken again, and the vault, which alone can tell what to
    look for, comes last. So it may be killed anywhere.

    Returns
    -------
    dict or None
        The certificate, None where nothing was open.
    """
    with run_lock(settings, "forget"):
        with connect(settings) as connection:
            prepare(connection)
            Vault(connection, settings)
            person = _find_open(connection)
            if person is None:
                return None
            landing.finish(settings.landing)
            delivered = landing.erase_from_landing(settings.landing, person)
            erase_from_warehouse(connection, settings, person)
            enter_into_ledger(connection, settings.ledger)
        rebuild(settings.warehouse)
        versions = erase_from_published(settings.published, person)
        reports = _remove_reports(settings, person)
        shutil.rmtree(settings.home / "tmp", ignore_errors=True)
        return _prove(
            settings,
            person,
            {
                "delivered_rows_rewritten": delivered,
                "published_versions_rewritten": versions,
                "reports_removed": reports,
            },
        )


def _begin(connection: duckdb.DuckDBPyConnection, key: bytes, customer: str) -> None:
    """Note in the vault what is to be erased, and what may never come back."""
    found = collect(connection, customer)
    erasure_id, now = uuid4().hex, datetime.now(UTC).replace(tzinfo=None)
    connection.begin()
    for kind, pseudonyms in found.items():
        for value in sorted(pseudonyms):
            connection.execute(
                "insert into vault.erasing values (?, ?, ?)", [erasure_id, kind, value]
            )
            if kind in OWN_KINDS or kind in LENT_KINDS:
                connection.execute(
                    "insert into vault.tombstones values (?, ?, ?, ?)",
                    [kind, tombstone(key, kind, value), now, kind in LENT_KINDS],
                )
    connection.commit()


def _find_open(connection: duckdb.DuckDBPyConnection) -> Person | None:
    rows = connection.execute("""
        select erasing.*, known.identifier
        from vault.erasing
        left join (
            select kind, pseudonym, identifier from vault.identifiers
            union select kind, pseudonym, written from vault.spellings
        ) as known using (kind, pseudonym)
    """).fetchall()
    if not rows:
        return None
    pseudonyms: dict[str, set[str]] = {}
    for _, kind, value, _ in rows:
        pseudonyms.setdefault(kind, set()).add(value)
    values = {identifier for *_, identifier in rows if identifier is not None}
    # A partner's number for a person is no identifier, but leads to one.
    values |= pseudonyms.get(PROSPECT, set())
    return Person(rows[0][0], pseudonyms, sorted(values))


def _remove_reports(settings: Settings, person: Person) -> list[str]:
    """Remove each report that names the person: the next run writes it anew."""
    found = [
        path
        for path in sorted(settings.reports.rglob("*"))
        if path.is_file() and holds_any(path, person.needles)
    ]
    for path in found:
        path.unlink()
    return [str(path.relative_to(settings.home)) for path in found]


def _prove(settings: Settings, person: Person, counts: dict) -> dict:
    log = settings.vault.with_name(f"{settings.vault.name}.wal")
    searched = search_home(settings.home, person.needles, without=[settings.vault, log])
    refuse_hits(searched, settings.home.name)
    new_vault = _write_vault(settings, person)
    hits = search_database(new_vault, person.needles)
    refuse_hits({"hits": {"vault.duckdb": hits} if hits else {}}, settings.home.name)
    certificate = {
        "erasure_id": person.erasure_id,
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "identifiers": {kind: len(p) for kind, p in sorted(person.pseudonyms.items())},
        **counts,
        "estimators_to_retrain": _list_retraining(settings, person),
        "files_searched": searched["files"] + 1,
        "bytes_searched": searched["bytes"] + new_vault.stat().st_size,
        "hits": 0,
        "not_searched": ["truth", "vault.key", "run.lock"],
    }
    _store(settings, certificate)
    put_in_place(new_vault, settings.vault)
    logger.info(
        "forget: one person erased, %d files searched, 0 hits, certificate %s",
        certificate["files_searched"],
        person.erasure_id,
    )
    return certificate


def _write_vault(settings: Settings, person: Person) -> Path:
    """Write the vault without the person beside the one that still knows."""
    target = settings.vault.with_name(settings.vault.name + REBUILT)
    remove(target)
    with duckdb.connect() as connection:
        old, new = (str(p).replace("'", "''") for p in (settings.vault, target))
        connection.execute(f"attach '{old}' as vault")
        rows = find_quarantined(connection, person)
        connection.execute("create temp table gone (a varchar, b integer, c bigint)")
        for row in rows:
            connection.execute("insert into gone values (?, ?, ?)", row)
        connection.execute(f"attach '{new}' as new")
        connection.execute("""
            create table new.identifiers as
            from vault.identifiers anti join vault.erasing using (kind, pseudonym);
            create table new.spellings as
            from vault.spellings anti join vault.erasing using (kind, pseudonym);
            create table new.quarantined_rows as
            from vault.quarantined_rows as kept
            anti join gone
                on kept.delivery_id = a and kept.file_number = b
                and kept.line_number = c;
            create table new.repaired_rows as
            from vault.repaired_rows as kept
            anti join gone
                on kept.delivery_id = a and kept.file_number = b
                and kept.line_number = c;
            create table new.tombstones as from vault.tombstones;
            create table new.key_check as from vault.key_check;
            create table new.erasing as from vault.erasing limit 0;
            checkpoint vault;
            checkpoint new;
            detach vault;
            detach new;
        """)
    return target


def _list_retraining(settings: Settings, person: Person) -> list[str]:
    with connect(settings, read_only=True) as connection:
        rows = connection.execute(
            """
            select distinct use_case || ' ' || estimator_version from ops.retraining
            where erasure_id = ? order by 1
            """,
            [person.erasure_id],
        ).fetchall()
    return [name for (name,) in rows]


def _store(settings: Settings, certificate: dict) -> None:
    folder = settings.home / "erasures"
    make_folder(folder)
    path = folder / f"{certificate['erasure_id']}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(f"{json.dumps(certificate, indent=2)}\n", encoding="utf-8")
    os.replace(partial, path)
    with connect(settings) as connection:
        connection.execute(
            "delete from ops.erasures where erasure_id = ?", [certificate["erasure_id"]]
        )
        connection.execute(
            "insert into ops.erasures values (?, ?, ?)",
            [
                certificate["erasure_id"],
                datetime.now(UTC).replace(tzinfo=None),
                json.dumps(certificate),
            ],
        )
