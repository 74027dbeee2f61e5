"""Files as banks send them, read as bytes or made into CSV in UTF-8, in a stream."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import DataFile, Manifest
from pipelines.foundation.private_files import create_private

CHUNK_BYTES = 1 << 20
# What a manifest may call it, and what reads it. Erasing reads and searches the same.
# GB 18030 holds all of GBK and GB 2312, so it reads what calls itself either; the
# supplementary set of Hong Kong holds all characters of Big5.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
}
# Registers of a bank pack to a tenth or a twentieth. What unpacks to two hundred times
# its size and is large by then, was made to fill a disk.
LARGEST_RATIO = 200
# The largest numbers up to which a float holds every whole one.
WHOLE_UNTIL = {"FLOAT": 2**24, "DOUBLE": 2**53}
SMALL_BYTES = 200 << 20
HONEST_ADVICE = "send it unpacked if it really holds that much"


class DamagedFileError(Exception):
    """A file can't be read as what it says it is.

    Parameters
    ----------
    path : Path
        The file.
    happened : str
        What is wrong, with the place and without the content; ``{}`` stands for the
        file's name.
    advice : str
        What its source has to do.
    """

    def __init__(self, path: Path, happened: str, advice: str):
        self.happened = happened.format(path.name)
        self.advice = advice
        super().__init__(self.happened)


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for its unpacked bytes."""
    if path.suffix == ".gz":
        return gzip.open(path)
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstdFile(path), CHUNK_BYTES)
    return path.open("rb")


def is_plain(name: str, manifest: Manifest) -> bool:
    """Whether DuckDB can read a file of that name as it is."""
    encoding = ENCODINGS[manifest.encoding.lower()]
    return not name.endswith(".parquet") and encoding == "utf-8"


def read_chunks(path: Path) -> Iterator[bytes]:
    """Read a file's unpacked bytes piece by piece.

    Raises
    ------
    DamagedFileError
        It can't be unpacked, or unpacks to more than any honest file does.
    """
    size, unpacked = path.stat().st_size, 0
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                unpacked += len(chunk)
                if unpacked > max(SMALL_BYTES, LARGEST_RATIO * size):
                    raise DamagedFileError(
                        path,
                        "has a {} that unpacks to far more than its size",
                        HONEST_ADVICE,
                    )
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedFileError(
            path, "has a {} that can't be unpacked", "send it again"
        ) from None


def check_text(path: Path, encoding: str, target: BinaryIO | None = None) -> None:
    """Read a whole file as text, and write it to ``target`` in UTF-8 where given.

    Raises
    ------
    DamagedFileError
        It is not in that encoding, or holds a NUL; says at which byte.
    """
    codec = ENCODINGS[encoding.lower()]
    decoder, offset = codecs.getincrementaldecoder(codec)(), 0
    try:
        for chunk in read_chunks(path):
            if b"\0" in chunk:
                raise DamagedFileError(
                    path,
                    f"has a NUL at byte {offset + chunk.index(0)} of {{}}",
                    "the file is damaged, send it again",
                )
            text = chunk
            # ASCII is the same in all of them, unless it ends what was begun before.
            if decoder.getstate()[0] or not chunk.isascii():
                text = decoder.decode(chunk)
                text = text.encode() if target else b""
            offset += len(chunk)
            if target:
                target.write(text)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        name = codec.upper()
        raise DamagedFileError(
            path,
            f"is not {name} at about byte {offset + error.start} of {{}}",
            f"send it in {name}, or say in the manifest what it is in",
        ) from None


@contextmanager
def as_csv(
    paths: tuple[Path, ...], manifest: Manifest, folder: Path
) -> Iterator[tuple[Path, ...]]:
    """Give for each file one that DuckDB can read, for as long as the block lasts.

    What is CSV in UTF-8 already, packed or not, is given as it is. The others are
    written out anew, to be read by nobody else and removed with the block.

    Parameters
    ----------
    paths : tuple of Path
        Checked files of a delivery.
    manifest : Manifest
        Says what they are encoded in.
    folder : Path
        Where to write; what a killed run left there is removed.

    Raises
    ------
    DamagedFileError
        A file is not in the encoding it was promised in.
    """
    remove_leftovers(folder)
    ready = []
    try:
        for number, path in enumerate(paths, 1):
            if is_plain(path.name, manifest):
                ready.append(path)
                continue
            target = folder / f"{number}.csv"
            with create_private(target) as file:
                if path.suffix == ".parquet":
                    _write_parquet(path, target, manifest)
                else:
                    check_text(path, manifest.encoding, file)
            ready.append(target)
        yield tuple(ready)
    finally:
        remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed run may have left of people's data."""
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def read_parquet_names(path: Path, promised: DataFile) -> list[str]:
    """Read the column names of a Parquet file, and compare its rows with the promise.

    Raises
    ------
    DamagedFileError
        It is no Parquet file, or is one with other rows or of an absurd size.
    """
    try:
        with pq.ParquetFile(path) as file:
            metadata, names = file.metadata, file.schema_arrow.names
            groups = [
                metadata.row_group(number) for number in range(metadata.num_row_groups)
            ]
    except (pa.ArrowException, OSError):
        raise DamagedFileError(
            path, "has a {} that can't be read as Parquet", "send it again"
        ) from None
    if metadata.num_rows != promised.rows:
        raise DamagedFileError(
            path,
            f"has {metadata.num_rows} rows in {{}} and promised {promised.rows}",
            "the file was cut, or the manifest is wrong, send it again",
        )
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > max(SMALL_BYTES, LARGEST_RATIO * promised.bytes):
        raise DamagedFileError(
            path,
            "has a {} that unpacks to far more than its size",
            HONEST_ADVICE,
        )
    return names


def _write_parquet(path: Path, target: Path, manifest: Manifest) -> None:
    """Write a Parquet file as CSV, so that there is one way in for every row."""
    source, copy = (str(p).replace("'", "''") for p in (path, target))
    delimiter = manifest.delimiter.replace("'", "''")
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            # Impala, Hive and others write text without saying that it is UTF-8.
            rows = f"read_parquet('{source}', binary_as_string = true)"
            exact = _keep_digits(connection, rows, path, load_contract(manifest.source))
            connection.execute(f"""
                copy (select {exact} from {rows})
                to '{copy}' (format csv, header true, delimiter '{delimiter}')
            """)
        # DuckDB puts a file of its own in the place of the one made for it.
        target.chmod(0o600)
    except duckdb.Error:
        raise DamagedFileError(
            path,
            "has a {} that can't be read as Parquet, or with text that is not UTF-8",
            "send it again",
        ) from None


def _keep_digits(
    connection: duckdb.DuckDBPyConnection, rows: str, path: Path, contract: Contract
) -> str:
    """Write the columns of a Parquet file, and text that was made a float as digits.

    Raises
    ------
    DamagedFileError
        A float can't hold all digits of such a column, so that several became one.
    """
    text = {column.name for column in contract.columns if column.raw_type == "varchar"}
    floats = {
        name: type_
        for name, type_, *_ in connection.execute(f"describe from {rows}").fetchall()
        if name in text and type_ in WHOLE_UNTIL
    }
    for name, type_ in floats.items():
        (is_lost,) = connection.execute(f"""
            select coalesce(bool_or(
                not isfinite({name}) or {name} != trunc({name})
                or abs({name}) > {WHOLE_UNTIL[type_]}
            ), false) from {rows}
        """).fetchone()
        if is_lost:
            raise DamagedFileError(
                path,
                f"has {name} as {type_} in {{}}, which can't hold all its digits",
                "write that column as text",
            )
    exact = ", ".join(f"cast({name} as bigint) as {name}" for name in floats)
    return f"* replace ({exact})" if exact else "*"


class _ZstdFile(io.RawIOBase):
    """Unpacked bytes of a zstd file, as Python's own file objects give them."""

    def __init__(self, path: Path):
        self._stream = pa.input_stream(path, compression="zstd")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
