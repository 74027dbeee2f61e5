"""Search files for values, byte by byte, packed ones unpacked."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipelines.foundation.errors import DataQualityError
from pipelines.information.ingest import files

SEARCHED_BYTES = 1 << 22
LAST_OF_ASCII = 0x7F
WORD_BYTES = rb"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
# The planted truth of a synthetic bank is for tests alone; the key holds no person.
LEFT_OUT = {"truth", "vault.key", "run.lock"}


def holds_any(path: Path, values: Iterable[str]) -> bool:
    """Whether any of the values stands in a file, once it is unpacked."""
    needles = encode(values)
    return any(count_hits(chunk, needles) for chunk in _read_unpacked(path))


def encode(values: Iterable[str]) -> list[bytes]:
    """Write values as the bytes that a file which ingestion reads may have for them."""
    codecs = set(files.ENCODINGS.values())
    written = {_write(value, codec) for value in values for codec in codecs}
    return sorted(written - {b""})


def _write(value: str, codec: str) -> bytes:
    """Write a value as bytes; none where the encoding lacks one of its characters."""
    with suppress(UnicodeEncodeError):
        return value.encode(codec)
    return b""


def count_hits(
    content: bytes, needles: Iterable[bytes], *, is_database: bool = False
) -> int:
    """Count needles that content holds, not as a part of a longer word.

    In a database strings touch each other, so there any occurrence counts.
    """
    return sum(_stands(content, needle, is_database=is_database) for needle in needles)


def search_home(home: Path, values: list[str], *, without: Iterable[Path] = ()) -> dict:
    """Search every file under a folder, and an uncompressed copy of each database.

    Returns
    -------
    dict
        ``files`` and ``bytes`` searched, and ``hits``: for each file that holds any
        of the values, how many.
    """
    needles, skipped = encode(values), {path.resolve() for path in without}
    searched = {"files": 0, "bytes": 0, "hits": {}}
    for path in sorted(home.rglob("*")):
        if (
            path.is_symlink()
            or not path.is_file()
            or path.relative_to(home).parts[0] in LEFT_OUT
            or path.resolve() in skipped
        ):
            continue
        hits = _count_in(path, values, needles)
        searched["files"] += 1
        searched["bytes"] += path.stat().st_size
        if hits:
            searched["hits"][str(path.relative_to(home))] = hits
    return searched


def search_database(path: Path, values: list[str]) -> int:
    """Count values in a database: in its bytes, and in an uncompressed copy's.

    A compressed string can't be seen in the bytes of the file itself.
    """
    needles = encode(values)
    found = {needle for chunk in _chunks(path) for needle in needles if needle in chunk}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "uncompressed.duckdb"
        with duckdb.connect() as connection:
            connection.execute("set force_compression = 'uncompressed'")
            connection.execute(f"attach {_quote(path)} as searched (read_only)")
            connection.execute(f"attach {_quote(copy)} as uncompressed")
            for schema, table in _list_tables(connection):
                # Not `copy from database`: it keeps what a column says of compression.
                connection.execute(f'''
                    create schema if not exists uncompressed."{schema}";
                    create table uncompressed."{schema}"."{table}" as
                    from searched."{schema}"."{table}"
                ''')
            connection.execute("checkpoint uncompressed")
            connection.execute("detach uncompressed")
            found |= {n for chunk in _chunks(copy) for n in needles if n in chunk}
            return sum(
                not _is_part_of_longer_words(connection, value)
                for value in values
                if set(encode([value])) & found
            )


def _list_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute("""
        select schema_name, table_name from duckdb_tables()
        where database_name = 'searched'
    """).fetchall()


def _is_part_of_longer_words(connection: duckdb.DuckDBPyConnection, value: str) -> bool:
    """Whether a live string explains the bytes: a longer word that holds the value.

    What no live string explains is left over from something deleted.
    """
    explained = False
    tables = connection.execute("""
        select
            columns.schema_name, columns.table_name, columns.column_name
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables
            using (database_name, schema_name, table_name)
        where database_name = 'searched' and columns.data_type in ('VARCHAR', 'JSON')
    """).fetchall()
    for schema, table, column in tables:
        rows = connection.execute(
            f"""
            select distinct "{column}" from searched."{schema}"."{table}"
            where contains("{column}", ?) limit 1000
            """,
            [value],
        ).fetchall()
        for (text,) in rows:
            if _stands(text.encode(), value.encode(), is_database=False):
                return False
            explained = True
    return explained


def _count_in(path: Path, values: list[str], needles: list[bytes]) -> int:
    if path.suffix == ".duckdb":
        return search_database(path, values)
    hits = {
        needle
        for chunk in _read_unpacked(path)
        for needle in needles
        if _stands(chunk, needle, is_database=False)
    }
    return len(hits)


def _stands(content: bytes, needle: bytes, *, is_database: bool) -> bool:
    start = content.find(needle)
    while start >= 0:
        end = start + len(needle)
        before, after = content[start - 1 : start], content[end : end + 1]
        if is_database or not (_is_word(before) or _is_word(after)):
            return True
        start = content.find(needle, start + 1)
    return False


def _is_word(byte: bytes) -> bool:
    # A byte of a Chinese character is above 127.
    return bool(byte) and (byte in WORD_BYTES or byte[0] > LAST_OF_ASCII)


def _read_unpacked(path: Path) -> Iterator[bytes]:
    """Read a file, packed or not, in pieces that overlap."""
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    try:
        yield from _chunks(path, unpack=True)
    except (OSError, EOFError, ValueError, files.DamagedFileError):
        # Not what its name says: what bytes there are can still be searched.
        yield from _chunks(path)


def _read_parquet(path: Path) -> Iterator[bytes]:
    try:
        file = pq.ParquetFile(path)
        for batch in file.iter_batches():
            for column in batch.columns:
                texts = column.to_pylist() if _is_text(column) else []
                yield "\n".join(text for text in texts if text).encode()
    except (OSError, ValueError):
        yield from _chunks(path)


def _is_text(column) -> bool:
    kind = column.type
    return str(getattr(kind, "value_type", kind)) in {"string", "large_string"}


def _chunks(path: Path, *, unpack: bool = False) -> Iterator[bytes]:
    overlap = b""
    with files.open_bytes(path) if unpack else path.open("rb") as file:
        while chunk := file.read(SEARCHED_BYTES):
            yield overlap + chunk
            overlap = (overlap + chunk)[-1024:]


def _quote(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def refuse_hits(searched: dict, where: str) -> None:
    """Stop an erasure whose proof failed.

    Raises
    ------
    DataQualityError
        Files still hold values of the person.
    """
    if searched["hits"]:
        listed = ", ".join(f"{name} ({n})" for name, n in searched["hits"].items())
        msg = (
            f"The person's values are still in {where}: {listed}. The erasure stays "
            "open. Take those files away, or clean them, and run `crm forget --resume`."
        )
        raise DataQualityError(msg)
