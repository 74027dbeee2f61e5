"""Read a checked delivery, judge its rows, and keep them, in one transaction."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.contracts import Column, Contract
from pipelines.deliveries import Manifest, in_utc
from pipelines.errors import DataQualityError
from pipelines.ingest import judge
from pipelines.ingest.check import CheckedDelivery, Refusal
from pipelines.ledger import Entry
from pipelines.vault import Vault


def load_delivery(
    connection: duckdb.DuckDBPyConnection, vault: Vault, delivery: CheckedDelivery
) -> Entry:
    """Load one delivery's rows: each is loaded, a duplicate, or quarantined.

    A row is written once, to where it stays, with pseudonyms in place of identifiers;
    the few that turn out to be faulty or repeated are taken out again before anybody
    has seen them.

    Returns
    -------
    Entry
        The counts, as the ledger keeps them.

    Raises
    ------
    Refusal
        The files hold other rows or sums than promised.
    """
    manifest = delivery.manifest
    connection.execute(judge.TABLES)
    # What the vault learns is harmless should the rest fail, and DuckDB lets a
    # transaction write to one database only.
    _store_pseudonyms(connection, vault, delivery)
    connection.begin()
    try:
        _insert(connection, delivery)
        facts = judge.measure(connection, delivery.contract, manifest)
        _check_totals(connection, manifest, facts)
        if judge.find_faulty(connection, delivery.contract, manifest, facts):
            _keep_raw_text(connection, vault, manifest)
            entry = _take_out(connection, manifest)
        else:
            entry = _count(manifest, facts)
        _record(connection, manifest, entry, status="loaded", note=None)
        _check_conservation(manifest, entry)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return entry


def mark_duplicate(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, earlier: str
) -> Entry:
    """Note that a delivery says again what an earlier one said; load none of it."""
    entry = Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=0,
        rows_duplicate=manifest.rows,
        rows_quarantined=0,
        rows_hash="0",
        content_sha256=manifest.content,
    )
    note = f"Same content as {earlier}"
    _record(connection, manifest, entry, status="duplicate", note=note)
    return entry


def mark_refused(
    connection: duckdb.DuckDBPyConnection, folder: Path, refusal: Refusal
) -> None:
    """Note that a delivery was refused, beside what was loaded under its name."""
    _forget_refusal(connection, refusal.delivery_id)
    connection.execute(
        """
        insert into ops.deliveries by name
        select
            $delivery_id as delivery_id, $source as source,
            try_cast(left($folder, 10) as date) as business_date,
            'refused' as status, $note as note, $now as loaded_at
        """,
        {
            "delivery_id": refusal.delivery_id,
            "source": refusal.delivery_id.split("/", maxsplit=1)[0],
            "folder": folder.name,
            "note": str(refusal),
            "now": in_utc(datetime.now(UTC)),
        },
    )


def _store_pseudonyms(
    connection: duckdb.DuckDBPyConnection, vault: Vault, delivery: CheckedDelivery
) -> None:
    """Fill ``pseudonyms`` for every identifier in the files, each once."""
    columns = delivery.contract.identifiers
    names = ", ".join(column.name for column in columns)
    sets = ", ".join(f"({column.name})" for column in columns)
    verb = "create or replace temp table identifiers as"
    for path in delivery.paths:
        # One pass over the file finds the distinct values of every column.
        connection.execute(
            f"""
            {verb} select {names}
            from {_scan(delivery.contract, typed=False)}
            group by grouping sets ({sets})
            """,
            {"path": str(path), "delimiter": delivery.manifest.delimiter},
        )
        _forget_rejects(connection)
        verb = "insert into identifiers"
    values = " union ".join(
        f"select '{column.identifier}' as kind, {column.name} as identifier "
        f"from identifiers where {column.name} is not null"
        for column in columns
    )
    vault.store_pseudonyms(values)


def _insert(connection: duckdb.DuckDBPyConnection, delivery: CheckedDelivery) -> None:
    """Write the files' rows to ``raw``; what can't be read becomes a fault."""
    contract, manifest = delivery.contract, delivery.manifest
    values, joins = _replace_identifiers(contract)
    for number, path in enumerate(delivery.paths, 1):
        try:
            (row_count,) = connection.execute(
                f"""
                insert into raw.{contract.source} by name
                select
                    *, hash({", ".join(contract.names)}) as row_hash,
                    $delivery_id as delivery_id, $known_at as known_at
                from (
                    select {values}
                    from {_scan(contract, typed=True)} as delivered {joins}
                )
                """,
                {
                    "path": str(path),
                    "delimiter": manifest.delimiter,
                    "delivery_id": manifest.delivery_id,
                    "known_at": in_utc(manifest.extracted_at),
                },
            ).fetchone()
        except duckdb.InvalidInputException as error:
            # DuckDB quotes the row in its message, so the message goes no further.
            raise Refusal(
                manifest.delivery_id,
                f"can't be read as CSV ({type(error).__name__} in {path.name})",
                "look for an unbalanced quote, and send it again",
            ) from None
        connection.execute("insert into files values (?, ?)", [number, row_count])
        found = row_count + _move_rejects(connection, number)
        promised = manifest.files[number - 1].rows
        if found != promised:
            raise Refusal(
                manifest.delivery_id,
                f"has {found} rows in {path.name} and promised {promised}",
                "the file was cut, or the manifest is wrong, send it again",
            )


def _move_rejects(connection: duckdb.DuckDBPyConnection, file_number: int) -> int:
    (row_count,) = connection.execute("""
        select count(distinct line) from reject_errors
    """).fetchone()
    if row_count:
        connection.execute(
            """
            insert into faults
            select ?, line, null, column_name, 'unreadable', csv_line
            from reject_errors
            """,
            [file_number],
        )
    _forget_rejects(connection)
    return row_count


def _forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    # Otherwise the next scan would add its rejects to these.
    connection.execute("drop table reject_errors; drop table reject_scans")


def _check_totals(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, facts: judge.Facts
) -> None:
    (unreadable,) = connection.execute("select count(*) from faults").fetchone()
    if unreadable:
        return  # An amount that can't be read can't be added up.
    for name, promised in manifest.control_totals.items():
        if facts.totals[name] != Decimal(promised):
            raise Refusal(
                manifest.delivery_id,
                f"has another sum of {name} than the control total it promised",
                "rows were changed or lost on the way, send it again",
            )


def _keep_raw_text(
    connection: duckdb.DuckDBPyConnection, vault: Vault, manifest: Manifest
) -> None:
    rows = connection.execute("""
        select distinct file_number, line_number, raw_text from faults
    """).fetchall()
    vault.store_quarantined(manifest.delivery_id, rows)


def _take_out(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Entry:
    """Move what is faulty to quarantine, drop what is repeated, and count."""
    connection.execute(
        """
        insert into ops.quarantine
        select ?, file_number, line_number, column_name, reason, 'open' from faults
        """,
        [manifest.delivery_id],
    )
    connection.execute(f"""
        delete from raw.{manifest.source}
        where rowid in (
            select row from faults where row is not null union select row from repeated
        )
    """)
    (quarantined,) = connection.execute("""
        select count(distinct (file_number, line_number)) from faults
    """).fetchone()
    (duplicate,) = connection.execute("""
        select count(distinct row) from repeated where row not in (
            select row from faults where row is not null
        )
    """).fetchone()
    loaded, rows_hash = connection.execute(
        f"""
        select count(*), cast(coalesce(sum(row_hash), 0) as varchar)
        from raw.{manifest.source} where delivery_id = ?
        """,
        [manifest.delivery_id],
    ).fetchone()
    return Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=loaded,
        rows_duplicate=duplicate,
        rows_quarantined=quarantined,
        rows_hash=rows_hash,
        content_sha256=manifest.content,
    )


def _count(manifest: Manifest, facts: judge.Facts) -> Entry:
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
            "were accounted for, so none was loaded. This is a fault of ours, not of "
            "the delivery: please report it."
        )
        raise DataQualityError(msg)


def _record(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    entry: Entry,
    *,
    status: str,
    note: str | None,
) -> None:
    _forget_refusal(connection, manifest.delivery_id)
    connection.execute(
        "insert into ops.deliveries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            manifest.delivery_id,
            manifest.source,
            manifest.business_date,
            manifest.sequence,
            in_utc(manifest.extracted_at),
            status,
            note,
            manifest.rows,
            entry.rows_loaded,
            entry.rows_duplicate,
            entry.rows_quarantined,
            entry.rows_hash,
            entry.content_sha256,
            in_utc(datetime.now(UTC)),
        ],
    )


def _forget_refusal(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    connection.execute(
        "delete from ops.deliveries where delivery_id = ? and status = 'refused'",
        [delivery_id],
    )


def _scan(contract: Contract, *, typed: bool) -> str:
    """Read $path, typed or as bare text, keeping account of what can't be read.

    Not with ``ignore_errors``, which in DuckDB 2.0 also leaves out every row behind one
    with text after a closing quote.
    """
    types = ", ".join(
        f"'{column.name}': '{_read_type(column) if typed else 'varchar'}'"
        for column in contract.columns
    )
    return f"""
        read_csv(
            $path, columns = {{{types}}}, delim = $delimiter, header = true,
            auto_detect = false, quote = '"', escape = '"', strict_mode = true,
            store_rejects = true, rejects_table = 'reject_errors',
            rejects_scan = 'reject_scans'
        )
    """


def _replace_identifiers(contract: Contract) -> tuple[str, str]:
    values, joins = [], []
    for column in contract.columns:
        name = column.name
        if column.identifier:
            owners = f"pseudonyms_of_{name}"
            # Better no delivery than a row that has silently lost whose it is.
            values.append(f"""
                coalesce({owners}.pseudonym, case when delivered.{name} is not null
                    then error('an identifier has no pseudonym') end) as {name}
            """)
            joins.append(
                f"left join (from pseudonyms where kind = '{column.identifier}') "
                f"as {owners} on {owners}.identifier = delivered.{name}"
            )
        elif column.data_type == "timestamp":
            values.append(f"delivered.{name} at time zone 'UTC' as {name}")
        else:
            values.append(f"delivered.{name}")
    return ", ".join(values), " ".join(joins)


def _read_type(column: Column) -> str:
    return "timestamptz" if column.data_type == "timestamp" else column.data_type
