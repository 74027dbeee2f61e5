"""Read a checked delivery, and keep its rows in one transaction."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.contracts import Column, Contract
from pipelines.deliveries import Manifest
from pipelines.errors import DataQualityError
from pipelines.ingest.check import CheckedDelivery, Refusal
from pipelines.ingest.judge import FAULTS, find_faults, find_repeated, number_lines
from pipelines.ledger import Entry
from pipelines.vault import Vault


def load_delivery(
    connection: duckdb.DuckDBPyConnection, vault: Vault, delivery: CheckedDelivery
) -> Entry:
    """Load one delivery's rows: each is loaded, a duplicate, or quarantined.

    The work is done in temporary tables: ``incoming`` holds the rows as delivered,
    typed and numbered, with real identifiers; ``prepared`` the same with pseudonyms and
    a hash of each; ``faults`` and ``repeated`` say which of them to leave out.

    Returns
    -------
    Entry
        The counts, as the ledger keeps them.

    Raises
    ------
    Refusal
        The files hold other rows or sums than promised.
    """
    manifest, contract = delivery.manifest, delivery.contract
    connection.execute(FAULTS)
    _read(connection, delivery)
    _check_rows(connection, manifest)
    _check_totals(connection, manifest)
    _prepare(connection, vault, contract)
    find_faults(connection, contract, _utc(manifest.extracted_at))
    find_repeated(connection, contract, manifest)
    number_lines(connection)
    vault.store_quarantined(
        manifest.delivery_id,
        "select distinct file_number, line_number, raw_text from faults",
    )
    return _keep(connection, manifest)


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
            "now": _utc(datetime.now(UTC)),
        },
    )


def _read(connection: duckdb.DuckDBPyConnection, delivery: CheckedDelivery) -> None:
    """Fill ``incoming``, typed by the contract; what can't be read becomes a fault."""
    columns = delivery.contract.columns
    types = ", ".join(f"'{c.name}': '{_read_type(c)}'" for c in columns)
    listed = ", ".join(f"{c.name} {c.data_type}" for c in columns)
    connection.execute(f"""
        create or replace temp table incoming (
            file_number integer, record_number bigint, {listed}
        )
    """)
    for number, path in enumerate(delivery.paths, 1):
        try:
            connection.execute(
                f"""
                insert into incoming
                select
                    $number, row_number() over (),
                    {", ".join(_in_utc(column) for column in columns)}
                from read_csv(
                    $path, columns = {{{types}}}, delim = $delimiter, header = true,
                    auto_detect = false, quote = '"', escape = '"', strict_mode = true,
                    store_rejects = true, rejects_table = 'reject_errors',
                    rejects_scan = 'reject_scans'
                )
                """,
                {
                    "number": number,
                    "path": str(path),
                    "delimiter": delivery.manifest.delimiter,
                },
            )
        except duckdb.Error as error:
            # DuckDB quotes the row in its message, so the message goes no further.
            raise Refusal(
                delivery.manifest.delivery_id,
                f"can't be read as CSV ({type(error).__name__} in {path.name})",
                "look for an unbalanced quote, and send it again",
            ) from None
        connection.execute(
            """
            insert into faults
            select ?, line, null, column_name, 'unreadable', csv_line
            from reject_errors
            """,
            [number],
        )
        # Otherwise the next scan would add its rejects to these.
        connection.execute("drop table reject_errors; drop table reject_scans")


def _check_rows(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    counts = dict(
        connection.execute("""
            select file_number, count(*) from (
                select file_number, record_number, null as line_number from incoming
                union all
                select distinct file_number, null, line_number from faults
            )
            group by file_number
        """).fetchall()
    )
    for number, file in enumerate(manifest.files, 1):
        if counts.get(number, 0) != file.rows:
            raise Refusal(
                manifest.delivery_id,
                f"has {counts.get(number, 0)} rows in {file.name} and promised "
                f"{file.rows}",
                "the file was cut, or the manifest is wrong, send it again",
            )


def _check_totals(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    (unreadable,) = connection.execute("select count(*) from faults").fetchone()
    if unreadable:
        return  # An amount that can't be read can't be added up.
    for name, promised in manifest.control_totals.items():
        (total,) = connection.execute(
            f"select coalesce(sum({name}), 0) from incoming"
        ).fetchone()
        if total != Decimal(promised):
            raise Refusal(
                manifest.delivery_id,
                f"has another sum of {name} than the control total it promised",
                "rows were changed or lost on the way, send it again",
            )


def _prepare(
    connection: duckdb.DuckDBPyConnection, vault: Vault, contract: Contract
) -> None:
    """Fill ``prepared``: pseudonyms for identifiers, and the hash of each row."""
    joins, columns = [], []
    for column in contract.columns:
        name = column.name
        if not column.identifier:
            columns.append(f"incoming.{name}")
            continue
        table = vault.store_pseudonyms(
            column.identifier,
            f"""
            select distinct {name} as identifier from incoming
            where {name} is not null
            """,
        )
        joins.append(f"left join {table} on incoming.{name} = {table}.identifier")
        columns.append(f"{table}.pseudonym as {name}")
    connection.execute(f"""
        create or replace temp table prepared as
        select *, hash({", ".join(contract.names)}) as row_hash
        from (
            select incoming.file_number, incoming.record_number, {", ".join(columns)}
            from incoming {" ".join(joins)}
        )
    """)


def _keep(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Entry:
    """Write the good rows and all counts, and hold the law that rows are conserved."""
    for left_out in ("faults", "repeated"):
        connection.execute(f"""
            delete from prepared using {left_out}
            where prepared.file_number = {left_out}.file_number
                and prepared.record_number = {left_out}.record_number
        """)
    entry = _count(connection, manifest)
    connection.begin()
    try:
        (rows_written,) = connection.execute(
            f"""
            insert into raw.{manifest.source} by name
            select
                * exclude (file_number, record_number),
                $delivery_id as delivery_id, $known_at as known_at
            from prepared
            """,
            {
                "delivery_id": manifest.delivery_id,
                "known_at": _utc(manifest.extracted_at),
            },
        ).fetchone()
        connection.execute(
            """
            insert into ops.quarantine
            select
                ?, file_number, line_number, column_name, reason, 'open'
            from faults
            """,
            [manifest.delivery_id],
        )
        _record(connection, manifest, entry, status="loaded", note=None)
        _check_conservation(manifest, entry, rows_written)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return entry


def _count(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Entry:
    loaded, rows_hash = connection.execute("""
        select count(*), cast(coalesce(sum(row_hash), 0) as varchar) from prepared
    """).fetchone()
    (quarantined,) = connection.execute("""
        select count(distinct (file_number, line_number)) from faults
    """).fetchone()
    (duplicate,) = connection.execute("""
        select count(*) from repeated
        anti join faults using (file_number, record_number)
    """).fetchone()
    return Entry(
        delivery_id=manifest.delivery_id,
        rows_loaded=loaded,
        rows_duplicate=duplicate,
        rows_quarantined=quarantined,
        rows_hash=rows_hash,
        content_sha256=manifest.content,
    )


def _check_conservation(manifest: Manifest, entry: Entry, rows_written: int) -> None:
    kept = rows_written + entry.rows_duplicate + entry.rows_quarantined
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
            _utc(manifest.extracted_at),
            status,
            note,
            manifest.rows,
            entry.rows_loaded,
            entry.rows_duplicate,
            entry.rows_quarantined,
            entry.rows_hash,
            entry.content_sha256,
            _utc(datetime.now(UTC)),
        ],
    )


def _forget_refusal(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    connection.execute(
        "delete from ops.deliveries where delivery_id = ? and status = 'refused'",
        [delivery_id],
    )


def _read_type(column: Column) -> str:
    return "timestamptz" if column.data_type == "timestamp" else column.data_type


def _in_utc(column: Column) -> str:
    if column.data_type == "timestamp":
        return f"{column.name} at time zone 'UTC'"
    return column.name


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
