"""What a file is: its format by its first bytes, its encoding, and a CSV's dialect.

Of two readings the file proves one, or a person is asked; nothing is left to guess.
"""

import codecs
import csv
import gzip
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from pipelines.foundation.errors import UsageError
from pipelines.foundation.private_files import create_private

# What programs write for nothing. Among numbers `models.modify.columns` takes more for
# it, such as "none" or "-", which elsewhere may be an answer, and in a target half of
# them.
EMPTY_CELLS = ["", "?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NaT", "NULL", "null"]
DUMPS = ["\\N", "(null)", "#N/A", "#N/A N/A", "#NA", "#NULL!", "#VALUE!", "#DIV/0!"]
MISSING_TEXTS = [*EMPTY_CELLS, *DUMPS]
_WORDS = ", ".join(f"'{text}'" for text in MISSING_TEXTS)

# What a file begins with, where it is no text.
PARQUET, GZIP, ZSTD = b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PARQUET_SUFFIXES = {".parquet", ".parq", ".pq"}
OTHERS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"%PDF": "a PDF",
}
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
DELIMITERS = ",;\t|"
SNIFFED_LINES = 200
CHUNK = 1 << 20
LINE = re.compile(r"Line: (\d+)")
CELLS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
# DuckDB finds numbers by itself. Dates it would read in the first of several ways, and
# what names rows would lose noughts, digits and words for nothing.
FOUND_TYPES = ["BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR"]


@dataclass(frozen=True)
class Source:
    """What DuckDB reads from.

    Attributes
    ----------
    parquet : tuple of Path
        Files of Parquet; empty where it is text.
    text : Path, optional
        A CSV in UTF-8, of one kind of line end.
    delimiter : str
    names : tuple of str
        The header's, each once.
    given : str
        What the source is called in messages.
    """

    given: str
    parquet: tuple[Path, ...] = ()
    text: Path | None = None
    delimiter: str = ","
    names: tuple[str, ...] = field(default=())

    def write_relation(self, *, as_text: bool = False, are_bytes: bool = False) -> str:
        """Write what to read from, in SQL.

        Parameters
        ----------
        as_text : bool, default=False
            Leave all columns of a CSV text.
        are_bytes : bool, default=False
            Leave bytes of Parquet as bytes, where they are no text.
        """
        if self.parquet:
            listed = ", ".join(f"'{_escape(path)}'" for path in self.parquet)
            options = "" if are_bytes else ", binary_as_string = true"
            return f"read_parquet([{listed}], hive_partitioning = false{options})"
        found = ", ".join(f"'{name}'" for name in FOUND_TYPES)
        kinds = (
            "all_varchar = true"
            if as_text
            else f"sample_size = -1, auto_type_candidates = [{found}]"
        )
        return self._read_csv(f"nullstr = [{_WORDS}], {kinds}")

    def write_as_written(self, types: dict[str, str], kept: tuple[str, ...]) -> str:
        """Write what to read from, where some columns stay as they are written.

        In them a word for nothing may be a name.

        Parameters
        ----------
        types : dict of str to str
            Of each column, as DuckDB finds them.
        kept : tuple of str
        """
        listed = ", ".join(
            quote(name)
            if name in kept
            else f"cast(if({quote(name)} in ({_WORDS}), null, {quote(name)}) "
            f"as {kind}) as {quote(name)}"
            for name, kind in types.items()
        )
        return f"(select {listed} from {self._read_csv('all_varchar = true')})"

    def _read_csv(self, options: str) -> str:
        dialect = _write_dialect(self.delimiter)
        return f"read_csv('{_escape(self.text)}', {dialect}, {options})"

    def find_fault(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Say which line can't be read, never what is in it; nothing where all can."""
        if self.text is None:
            return ""
        columns = ", ".join(f"{_string(name)}: 'VARCHAR'" for name in self.names)
        try:
            connection.execute(
                f"select count(*) from read_csv('{_escape(self.text)}', "
                f"{_write_dialect(self.delimiter)}, auto_detect = false, "
                f"columns = {{{columns}}})"
            )
        except duckdb.Error as error:
            line, cells = LINE.search(str(error)), CELLS.search(str(error))
            if line and cells:
                expected, found = cells.groups()
                return (
                    f"line {line[1]} has {found} cells where the header has {expected}"
                )
            if line:
                return f"line {line[1]} can't be read: look for an open quote"
        return ""


def quote(name: str) -> str:
    """Write the name of a column in SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def trim(name: str) -> str:
    """Write a column of text in SQL without blanks around it, and blank as null."""
    return f"nullif(trim({quote(name)}), '')"


@contextmanager
def open_source(path: Path, encoding: str | None = None) -> Iterator[Source]:
    """Find out what a file is, for as long as the block lasts.

    Parameters
    ----------
    path : Path
        CSV with any usual delimiter, packed or not, Parquet, or a folder of its parts.
    encoding : str, optional
        Of the text, by its name in Python. Else UTF-8, or what a byte order mark says.

    Raises
    ------
    UsageError
        It is something else, or its encoding is not known.
    """
    if path.is_dir():
        yield Source(str(path), parquet=_list_parts(path))
        return
    start = _read_start(path)
    if start.startswith(PARQUET):
        yield Source(str(path), parquet=(path,))
        return
    if path.suffix.lower() in PARQUET_SUFFIXES:
        msg = (
            f"{path} can't be read as a table: it is called Parquet and does not begin "
            "so, and nothing was mined. Send it again."
        )
        raise UsageError(msg)
    for magic, name in OTHERS.items():
        if start.startswith(magic):
            msg = f"{path} is {name}, so nothing was mined. Save it as CSV or Parquet."
            raise UsageError(msg)
    with ExitStack() as stack:
        text = _to_plain_text(path, start, encoding, stack)
        delimiter, names = _read_header(path, text)
        yield Source(str(path), text=text, delimiter=delimiter, names=names)


def _list_parts(path: Path) -> tuple[Path, ...]:
    parts = [part for part in sorted(path.iterdir()) if part.name[0] not in "._"]
    if not parts or not all(
        part.is_file() and _read_start(part).startswith(PARQUET) for part in parts
    ):
        msg = (
            f"{path} is a folder, and not of Parquet files alone, so nothing was "
            "mined. Name one file, or a folder with nothing but the parts of one table."
        )
        raise UsageError(msg)
    return tuple(parts)


def _read_start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        msg = f"{path} can't be opened ({error.strerror}), so nothing was mined."
        raise UsageError(msg) from None


def _to_plain_text(
    path: Path, start: bytes, encoding: str | None, stack: ExitStack
) -> Path:
    """Give the file, or a copy in UTF-8 that is removed with the block."""
    found = next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    encoding = encoding or found or "utf-8"
    is_packed = start.startswith((GZIP, ZSTD))
    needs_copy = is_packed or codecs.lookup(encoding).name != "utf-8"
    has_two_line_ends = not needs_copy and _check_utf8(path)
    if not needs_copy and not has_two_line_ends:
        return path
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crm-"))
    copy = Path(folder) / "table.csv"
    with create_private(copy) as target:
        try:
            with _open_text(path, start, encoding) as text:
                while chunk := text.read(CHUNK):
                    target.write(chunk.encode())
        except UnicodeDecodeError:
            _refuse_encoding(path, encoding)
        except (EOFError, OSError, duckdb.Error):
            msg = f"{path} can't be unpacked, so nothing was mined. Send it again."
            raise UsageError(msg) from None
    _check_utf8(copy)
    return copy


def _open_text(path: Path, start: bytes, encoding: str) -> io.TextIOWrapper:
    # Universal newlines: what has two kinds of line ends has one in the copy.
    if start.startswith(ZSTD):
        inside = _open_zstd(path)
    else:
        inside = gzip.GzipFile(path) if start.startswith(GZIP) else path.open("rb")
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(inside, encoding=encoding)


def _open_zstd(path: Path) -> io.BytesIO:
    with duckdb.connect() as connection:
        (content,) = connection.execute(
            "select content from read_blob(?, compression = 'zstd')", [str(path)]
        ).fetchone()
    return io.BytesIO(content)


def _check_utf8(path: Path) -> bool:
    """Whether lines end in two ways; refuses what is not text in UTF-8."""
    decoder, offset = codecs.getincrementaldecoder("utf-8")(), 0
    ends: Counter[str] = Counter()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                msg = (
                    f"{path} has a NUL at byte {offset + chunk.index(0)}, so it is no "
                    "text, and nothing was mined. Save it as CSV or Parquet, or say "
                    "with --encoding what it is in."
                )
                raise UsageError(msg)
            try:
                if decoder.getstate()[0] or not chunk.isascii():
                    decoder.decode(chunk)
            except UnicodeDecodeError as error:
                _refuse_encoding(path, "UTF-8", offset + error.start)
            pairs = chunk.count(b"\r\n")
            ends["\r\n"] += pairs
            ends["\n"] += chunk.count(b"\n") - pairs
            offset += len(chunk)
    return ends["\r\n"] > 0 and ends["\n"] > 1


def _refuse_encoding(path: Path, encoding: str, offset: int | None = None) -> None:
    place = "" if offset is None else f" at about byte {offset}"
    msg = (
        f"{path} is not {encoding}{place}, so nothing was mined. Say what it is in, "
        "for example --encoding gb18030, utf-16 or latin-1."
    )
    raise UsageError(msg) from None


def _read_header(given: Path, text: Path) -> tuple[str, tuple[str, ...]]:
    """Find the delimiter that gives most lines as many cells as the header."""
    with text.open(encoding="utf-8-sig", newline="") as file:
        lines = list(islice(file, SNIFFED_LINES))
    if lines and lines[0].lstrip()[:1] in {"{", "["}:
        msg = f"{given} is JSON, so nothing was mined. Save it as CSV or Parquet."
        raise UsageError(msg)
    best, most = ",", -1
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        cells = len(rows[0]) if rows else 0
        fits = sum(len(row) == cells for row in rows) if cells > 1 else 0
        if (fits, cells) > (most, 0) and fits > most:
            best, most = delimiter, fits
    header = next(csv.reader(lines, delimiter=best), [])
    return best, _name_columns(header)


def _name_columns(header: list[str]) -> tuple[str, ...]:
    """Name columns as DuckDB does: what stands twice gets a number."""
    names: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(header):
        name = base = cell.strip() or f"column{number}"
        count = 0
        while name.lower() in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name.lower())
        names.append(name)
    return tuple(names)


def _write_dialect(delimiter: str) -> str:
    written = delimiter.replace("\t", "\\t")
    return (
        f"delim = '{written}', quote = '\"', escape = '\"', header = true, "
        "comment = '', skip = 0, hive_partitioning = false"
    )


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _escape(path: Path) -> str:
    # Brackets, stars and question marks in a name must not match other files.
    return re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''")
