"""Files for people outside: what is in them is real, so only their owner may read."""

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.foundation.errors import UsageError
from pipelines.foundation.modes import make_folder

# What a spreadsheet would run rather than show, unless it is a plain number.
FORMULA = re.compile(r"(?!-\d+([.,]\d+)?$)['=+\-@\t\r]")


def create_private(path: Path) -> BinaryIO:
    """Create a file that only its owner may read, in a folder of the same kind."""
    make_folder(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, 0o600), "wb")


@contextmanager
def open_export(path: Path, encoding: str = "utf-8") -> Iterator[Any]:
    """Create a CSV file that only its owner may read, and give its writer.

    Raises
    ------
    UsageError
        The file is there already.
    """
    try:
        file = io.TextIOWrapper(create_private(path), encoding=encoding, newline="")
    except FileExistsError:
        msg = f"{path} is there already, so nothing was written. Name another file."
        raise UsageError(msg) from None
    with file:
        yield csv.writer(file)


def neutralise(cell: str) -> str:
    """Keep a spreadsheet from running a cell."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    """Undo :func:`neutralise`."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell[1:]) else cell
