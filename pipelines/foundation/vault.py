"""The door to the vault: real identifiers, and the pseudonyms that stand for them.

A pseudonym is HMAC-SHA-256 (RFC 2104) of ``<kind>:<value>`` under the vault's key, cut
to 80 bits (20 hexadecimal digits): the same value gives the same pseudonym in every
source, nobody without the key can make one, and no two of a billion values are likely
to meet.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings

KEY_BYTES = 32
PSEUDONYM_DIGITS = 20
TOMBSTONE_DIGITS = 40
ROW = ["file_number", "line_number", "raw_text"]
WORD = re.compile(r"[^\s,;|\"']+")
BLOCK_BYTES = 64  # of SHA-256
VAULT_TABLES = """
create table if not exists vault.identifiers (
    kind varchar, pseudonym varchar using compression uncompressed,
    identifier varchar using compression uncompressed
);
create table if not exists vault.quarantined_rows (
    delivery_id varchar, file_number integer, line_number bigint, raw_text varchar
);
create table if not exists vault.repaired_rows (
    delivery_id varchar, file_number integer, line_number bigint, raw_text varchar,
    repaired_at timestamp
);
-- Other spellings of an identifier than its one form, for whoever is to be erased.
create table if not exists vault.spellings (
    kind varchar, pseudonym varchar, written varchar
);
create table if not exists vault.key_check (fingerprint varchar);
create table if not exists vault.tombstones (
    kind varchar, tombstone varchar, erased_at timestamp, expires boolean
);
create table if not exists vault.erasing (
    erasure_id varchar, kind varchar, pseudonym varchar
);
"""

ERASED_IDENTIFIERS = """
create or replace temp table erased_identifiers (
    kind varchar, pseudonym varchar, erased_at timestamp, expires boolean
)
"""


class Vault:
    """The vault, attached to a warehouse connection as the database ``vault``.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, open for writing.
    settings : Settings
        Says where the vault is, and its key.

    Raises
    ------
    DataQualityError
        The key is not the one that the vault's pseudonyms were made with, or is gone.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings):
        self._connection = connection
        key = load_key(settings)
        path = str(settings.vault).replace("'", "''")
        connection.execute(f"attach if not exists '{path}' as vault")
        settings.vault.chmod(0o600)
        connection.execute(VAULT_TABLES)
        self._key = key
        self._stones: dict[str, set[str]] | None = None
        self._inner, self._outer = _pads(key)
        self._check_key(key)

    def store_pseudonyms(self, values: str) -> None:
        """Make pseudonyms for many values, and remember whose they are.

        They are then in the temporary table ``pseudonyms``: the columns of ``values``,
        ``pseudonym``, and whether it ``is_new``.

        Parameters
        ----------
        values : str
            A query with the columns ``kind``, for example ``"card"``, and
            ``identifier``, and any others. Lines without an identifier are left out.
        """
        self._connection.execute(
            f"""
            create or replace temp table pseudonyms as
            -- Kept in between, so that the threads share what is hashed.
            with found as materialized (
                select asked.*, known.pseudonym
                from ({values}) as asked
                left join vault.identifiers as known using (kind, identifier)
            )
            select
                * exclude (pseudonym), pseudonym is null as is_new,
                coalesce(pseudonym, left(sha256($outer || unhex(sha256(
                    $inner || encode(kind || ':' || identifier)
                ))), {PSEUDONYM_DIGITS})) as pseudonym
            from found where identifier is not null
            """,
            {"outer": self._outer, "inner": self._inner},
        )
        self._find_erased()
        self._connection.execute("""
            insert into vault.identifiers
            select distinct made.kind, made.pseudonym, made.identifier
            from pseudonyms as made
            anti join erased_identifiers as erased
                on erased.kind = made.kind and erased.pseudonym = made.pseudonym
            where made.is_new
        """)
        columns = self._connection.execute(
            "select column_name from duckdb_columns() where table_name = 'pseudonyms'"
        ).fetchall()
        if ("written",) in columns:
            self._connection.execute("""
                insert into vault.spellings
                select distinct made.kind, made.pseudonym, trim(made.written)
                from pseudonyms as made
                anti join erased_identifiers as erased
                    on erased.kind = made.kind and erased.pseudonym = made.pseudonym
                where trim(made.written) != made.identifier and not exists (
                    from vault.spellings as known
                    where known.kind = made.kind and known.written = trim(made.written)
                )
            """)

    def _find_erased(self) -> None:
        """Fill ``erased_identifiers`` with those that have a tombstone."""
        self._connection.execute(ERASED_IDENTIFIERS)
        # Most banks have erased nobody, and need no second hash.
        if not self._list_tombstones():
            return
        self._connection.execute(
            f"""
            insert into erased_identifiers
            select made.kind, made.pseudonym, stones.erased_at, stones.expires
            from (
                select
                    kind, pseudonym,
                    left(sha256($outer || unhex(sha256(
                        $inner || encode('erased:' || kind || ':' || pseudonym)
                    ))), {TOMBSTONE_DIGITS}) as tombstone
                from pseudonyms
            ) as made
            inner join vault.tombstones as stones using (kind, tombstone)
            """,
            {"outer": self._outer, "inner": self._inner},
        )

    def store_quarantined(
        self, delivery_id: str, rows: list[tuple[int, int, str]]
    ) -> None:
        """Keep the raw text of a delivery's bad rows, in place of what was kept before.

        Works beside a transaction on the warehouse, which may not write to the vault.

        Parameters
        ----------
        delivery_id : str
            For example ``"atm/2026-01-31.1"``.
        rows : list of tuple
            Number of the file, of the line, and its text.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(
                "delete from vault.quarantined_rows where delivery_id = ?",
                [delivery_id],
            )
            if rows:
                columns = zip(*rows, strict=True)
                cursor.register("quarantined", pa.table(list(columns), names=ROW))
                cursor.execute(
                    "insert into vault.quarantined_rows select ?, * from quarantined",
                    [delivery_id],
                )

    def names_erased(self, text: str | None) -> bool:
        """Whether a line of text names somebody who was erased."""
        return any(
            tombstone(self._key, kind, pseudonym(self._key, kind, word)) in stones
            for kind, stones in self._list_tombstones().items()
            for written in WORD.findall(text or "")
            for word in {written, written.upper(), written.lower()}
        )

    def _list_tombstones(self) -> dict[str, set[str]]:
        """List them by kind, once: erasing and loading never run at the same time."""
        if self._stones is None:
            with self._connection.cursor() as cursor:
                rows = cursor.execute("""
                    select kind, list(tombstone) from vault.tombstones group by kind
                """).fetchall()
            self._stones = {kind: set(stones) for kind, stones in rows}
        return self._stones

    def forget_identifiers(self, names: list[tuple[str, str]]) -> None:
        """Take identifiers out again, beside a transaction on the warehouse."""
        with self._connection.cursor() as cursor:
            for kind, value in names:
                for table in ("identifiers", "spellings"):
                    cursor.execute(
                        f"delete from vault.{table} where kind = ? and pseudonym = ?",
                        [kind, value],
                    )

    def refuse_open_erasure(self) -> None:
        """Keep deliveries out while somebody is half erased.

        Raises
        ------
        DataQualityError
            An erasure was interrupted.
        """
        (rows,) = self._connection.execute(
            "select count(*) from vault.erasing"
        ).fetchone()
        if rows:
            msg = (
                "An erasure was interrupted, so nothing was loaded. Run "
                "`crm forget --resume` first."
            )
            raise DataQualityError(msg)

    def _check_key(self, key: bytes) -> None:
        fingerprint = hmac.new(key, b"key check", hashlib.sha256).hexdigest()
        row = self._connection.execute(
            "select fingerprint from vault.key_check"
        ).fetchone()
        if row is None:
            self._connection.execute(
                "insert into vault.key_check values (?)", [fingerprint]
            )
        elif row[0] != fingerprint:
            msg = (
                "The vault's key is not the one its pseudonyms were made with, so the "
                "same person would get a second pseudonym and nothing was loaded. "
                "Bring back the old CRM_VAULT_KEY or vault.key."
            )
            raise DataQualityError(msg)


def load_key(settings: Settings) -> bytes:
    """Read the key of the pseudonyms, or make one for a vault that does not exist yet.

    Raises
    ------
    UsageError
        ``CRM_VAULT_KEY`` is not 64 hexadecimal digits, or the key file is open to
        others.
    DataQualityError
        The vault exists and its key file does not.
    """
    if settings.vault_key is not None:
        return _decode(settings.vault_key.get_secret_value(), "CRM_VAULT_KEY")
    path = settings.vault_key_file
    if not path.exists():
        if settings.vault.exists():
            msg = (
                f"The vault is there but its key {path.name} is not, so no row can "
                "get its pseudonym and nothing was loaded. Bring back the file, or set "
                "CRM_VAULT_KEY."
            )
            raise DataQualityError(msg)
        _write_key(path)
    if path.stat().st_mode & 0o077:
        msg = (
            f"{path.name} can be read by others, so pseudonyms could be undone. "
            f"Run `chmod 600 {path}`."
        )
        raise UsageError(msg)
    return _decode(path.read_text(encoding="ascii").strip(), path.name)


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """Make one pseudonym, as ``Vault.store_pseudonyms`` makes a column of them."""
    message = f"{kind}:{identifier}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]


def tombstone(key: bytes, kind: str, pseudonym: str) -> str:
    """Make what remembers an erased identifier, and can't be led back to it."""
    message = f"erased:{kind}:{pseudonym}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:TOMBSTONE_DIGITS]


def _write_key(path: Path) -> None:
    make_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))


def _decode(text: str, name: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        msg = f"{name} is not 64 hexadecimal digits, so no pseudonym can be made."
        raise UsageError(msg)
    return key


def _pads(key: bytes) -> tuple[bytes, bytes]:
    padded = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)
