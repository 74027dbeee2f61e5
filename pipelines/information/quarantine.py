"""Quarantined rows on their way to somebody who can mend them, and back."""

import codecs
import csv
import io
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import in_utc
from pipelines.foundation.errors import UsageError
from pipelines.foundation.private_files import neutralise, open_export, restore
from pipelines.foundation.record import record_decision, require_reason
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, list_rows, prepare, run_lock

logger = logging.getLogger(__name__)
PLACE = ("delivery_id", "file_number", "line_number")
OPEN_ROWS = """
select
    open.*, coalesce(repaired.raw_text, kept.raw_text) as raw_text, repaired_at
from (
    select
        delivery_id, file_number, line_number,
        string_agg(
            distinct concat_ws(' ', reason, column_name), ', '
            order by concat_ws(' ', reason, column_name)
        ) as reasons
    from ops.quarantine
    where state = 'open'
    group by all
) as open
inner join vault.quarantined_rows as kept
    using (delivery_id, file_number, line_number)
left join vault.repaired_rows as repaired
    using (delivery_id, file_number, line_number)
order by delivery_id, file_number, line_number
"""


def count_rows(settings: Settings) -> list[dict]:
    """Count quarantined rows by source, column, reason and state."""
    with connect(settings, read_only=True) as connection:
        return list_rows(
            connection,
            """
            select
                split_part(delivery_id, '/', 1) as source, column_name, reason, state,
                count(*) as row_count, count(distinct delivery_id) as delivery_count
            from ops.quarantine
            group by all
            order by row_count desc, source, column_name, reason
            """,
        )


def export_open(settings: Settings, path: Path, whose: str) -> int:
    """Write open rows as CSV, with their real values, for repair.

    Parameters
    ----------
    settings : Settings
        Where the vault is.
    path : Path
        File to write; only its owner may read it. It must not exist.
    whose : str
        A source, for each has its own columns, or one of its deliveries.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    DataQualityError
        There is no such source.
    UsageError
        The file exists, the delivery has no open row, or none is named.
    """
    if not whose:
        msg = (
            "Each source has columns of its own, so nothing was written: say whose "
            "rows with --source. `crm quarantine` counts what is open."
        )
        raise UsageError(msg)
    source, _, is_delivery = whose.partition("/")
    contract = load_contract(source)
    with run_lock(settings, "quarantine"), connect(settings) as connection:
        rows = [
            row
            for row in open_rows(connection, settings)
            if f"{row[0]}/".startswith(f"{whose}/")
        ]
    if is_delivery and not rows:
        msg = (
            f"{whose!r} has no open row, so nothing was written. Name a delivery as in "
            "atm/2026-01-31.1; `crm quarantine` counts what is open."
        )
        raise UsageError(msg)
    with open_export(path) as writer:
        writer.writerow([*PLACE, "reasons", *contract.names, "surplus"])
        for *place, reasons, text, _ in rows:
            writer.writerow([*place, reasons, *map(neutralise, _cells(text, contract))])
    logger.info("quarantine: %d open rows of %s exported", len(rows), whose)
    return len(rows)


def import_repaired(settings: Settings, path: Path) -> int:
    """Take repaired rows back; ``replay`` puts them through the door of ingestion.

    Parameters
    ----------
    settings : Settings
        Where the vault is.
    path : Path
        As written by ``export_open``, with the cells mended.

    Returns
    -------
    int
        Rows taken.

    Raises
    ------
    UsageError
        The file is not of that form, or names a row that is not open.
    """
    with run_lock(settings, "quarantine"), connect(settings) as connection:
        known = {row[:3] for row in open_rows(connection, settings)}
        rows = _read_repaired(path, known)
        repaired_at = in_utc(datetime.now(UTC))
        connection.begin()
        for place, text in rows:
            connection.execute(
                "delete from vault.repaired_rows "
                f"where ({', '.join(PLACE)}) = (?, ?, ?)",
                [*place],
            )
            connection.execute(
                "insert into vault.repaired_rows values (?, ?, ?, ?, ?)",
                [*place, text, repaired_at],
            )
        connection.commit()
    logger.info("quarantine: %d repaired rows taken back", len(rows))
    return len(rows)


def waive(settings: Settings, delivery_id: str, reason: str) -> int:
    """Give a delivery's open rows up: they stay quarantined and are asked for no more.

    Returns
    -------
    int
        Rows waived.

    Raises
    ------
    UsageError
        It has no open row, or no reason is given.
    """
    require_reason(reason)
    with run_lock(settings, "quarantine"), connect(settings) as connection:
        prepare(connection)
        (count,) = connection.execute(
            """
            select count(distinct (file_number, line_number)) from ops.quarantine
            where delivery_id = ? and state = 'open'
            """,
            [delivery_id],
        ).fetchone()
        if not count:
            msg = (
                f"{delivery_id!r} has no open row, so there is nothing to waive. "
                "`crm quarantine` says which have."
            )
            raise UsageError(msg)
        connection.begin()
        connection.execute(
            "update ops.quarantine set state = 'waived' "
            "where delivery_id = ? and state = 'open'",
            [delivery_id],
        )
        record_decision(connection, "waive", delivery_id, reason, row_count=count)
        connection.commit()
    logger.info("quarantine: %d rows of %s waived", count, delivery_id)
    return count


def open_rows(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple]:
    """List place, reasons, newest text and time of repair of every open row."""
    prepare(connection)
    Vault(connection, settings)
    return connection.execute(OPEN_ROWS).fetchall()


def split_row(text: str) -> list[str]:
    """Split a row's text into cells; gives none where its quotes don't match."""
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def write_row(cells: Iterable[str]) -> str:
    """Write cells as one row of CSV, line breaks within them and all."""
    line = io.StringIO()
    # What ends a line is quoted within a cell; without an end, nothing would be.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n")


def _cells(text: str, contract: Contract) -> list[str]:
    """Lay a row out in its contract's columns, and one for all that is too much."""
    cells, width = split_row(text) or [text], len(contract.names)
    surplus = ",".join(cells[width:])
    return [*cells[:width], *[""] * (width - len(cells)), surplus]


def _read_repaired(
    path: Path, known: set[tuple[str, int, int]]
) -> list[tuple[tuple[str, int, int], str]]:
    rows = []
    not_ours = (
        f"{path.name} is not what --export wrote, so nothing was taken from it. Keep "
        "its columns, mend the cells only, and save it as CSV."
    )
    text = _read_text(path)
    # Spreadsheets write what their country takes for a comma.
    delimiter = text[len(PLACE[0]) : len(PLACE[0]) + 1]
    if not text.startswith(PLACE[0]) or delimiter not in {",", ";", "\t"}:
        raise UsageError(not_ours)
    try:
        header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        raise UsageError(not_ours) from None
    if tuple(header[:4]) != (*PLACE, "reasons") or header[-1] != "surplus":
        raise UsageError(not_ours)
    for number, cells in enumerate(lines, 2):
        if not any(cells):  # a spreadsheet leaves empty lines behind
            continue
        place = (cells[0], *(int(n) if n.isdecimal() else 0 for n in cells[1:3]))
        if len(cells) != len(header) or place not in known or cells[-1]:
            msg = (
                f"Row {number} of {path.name} is not open, or has cells too many, "
                "so nothing was taken from it. Mend or delete that row."
            )
            raise UsageError(msg)
        rows.append((place, write_row(map(restore, cells[4:-1]))))
    return rows


def _read_text(path: Path) -> str:
    """Read what a spreadsheet saved: in UTF-8, as its "Unicode text", or in Chinese."""
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path} can't be read, so nothing was taken from it: {error.strerror}."
        raise UsageError(msg) from None
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    msg = (
        f"{path.name} is neither in UTF-8 nor in GB 18030, so nothing was taken from "
        "it. Save it as CSV in UTF-8."
    )
    raise UsageError(msg)
