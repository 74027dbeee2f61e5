"""What was loaded, remembered outside the database in a chain of hashes.

A lost write-ahead log or an old backup takes rows away without a word. The ledger still
names them, and nobody can edit one of its lines without breaking every later one.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipelines.foundation.errors import DataQualityError

GENESIS = "0" * 64
ERASED = "erased"
LAST_BYTES = 1 << 16  # a line has less than one of the 64 kilobytes
NOT_WRITTEN = (
    "{} of {} is not the one that was written, so the ledger proves nothing from there "
    "on. Bring the file back from a backup."
)


@dataclass(frozen=True)
class Entry:
    """A delivery as it was loaded.

    ``rows_hash`` is the sum of the rows' 64-bit hashes, in decimal: the order of rows
    does not change it. ``reason`` is ``"erased"`` where a delivery is entered again
    because somebody was erased from it.
    """

    delivery_id: str
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_hash: str
    content_sha256: str
    reason: str | None = field(default=None, compare=False)


def read(path: Path) -> dict[str, Entry]:
    """Read the newest entry of every delivery.

    Raises
    ------
    DataQualityError
        A line is not the one that was written.
    """
    return {entry.delivery_id: entry for entry, _ in _read_lines(path)}


def read_history(path: Path) -> set[Entry]:
    """Read every entry there ever was, those that a later one replaced as well."""
    return {entry for entry, _ in _read_lines(path)}


def append(path: Path, entries: list[Entry]) -> None:
    """Write entries at the end, and have them on disk before returning.

    Only the last line is read: a year's deliveries shall not make a day's slower.

    Raises
    ------
    DataQualityError
        The last line is not the one that was written.
    """
    if not entries:
        return
    previous, end = _find_end(path)
    with path.open("ab") as file:
        file.truncate(end)
        for entry in entries:
            line = _seal(entry, previous)
            previous = line["hash"]
            file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def head(path: Path) -> str:
    """Return the hash of the last line, which stands for the whole ledger."""
    lines = _read_lines(path)
    return lines[-1][1]["hash"] if lines else GENESIS


def _find_end(path: Path) -> tuple[str, int]:
    """Find the hash of the last whole line, and the byte at which it ends."""
    if not path.exists():
        return GENESIS, 0
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        begin = file.seek(max(0, size - LAST_BYTES))
        lines = file.read()
    end = lines.rfind(b"\n") + 1
    if not end and not begin:
        return GENESIS, 0
    read = _read_line(lines[:end].splitlines()[-1]) if end else None
    if read is None:
        raise DataQualityError(NOT_WRITTEN.format("The last line", path.name))
    return read[1]["hash"], begin + end


def _whole_lines(path: Path) -> bytes:
    """Leave out a last line that a killed process did not finish: it never counted."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _read_lines(path: Path) -> list[tuple[Entry, dict]]:
    previous, lines = GENESIS, []
    for number, text in enumerate(_whole_lines(path).splitlines(), 1):
        read = _read_line(text)
        if read is None or read[1]["previous"] != previous:
            raise DataQualityError(NOT_WRITTEN.format(f"Line {number}", path.name))
        previous = read[1]["hash"]
        lines.append(read)
    return lines


def _read_line(text: bytes) -> tuple[Entry, dict] | None:
    """Read a line, None where it does not go with its own hash."""
    names = [name for name in Entry.__dataclass_fields__ if name != "reason"]
    try:
        line = json.loads(text)
        entry = Entry(*(line[name] for name in names), reason=line.get("reason"))
        is_written = line == _seal(entry, line["previous"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (entry, line) if is_written else None


def _seal(entry: Entry, previous: str) -> dict:
    line = asdict(entry) | {"previous": previous}
    if entry.reason is None:
        del line["reason"]
    text = json.dumps(line, sort_keys=True)
    return line | {"hash": hashlib.sha256(text.encode()).hexdigest()}
