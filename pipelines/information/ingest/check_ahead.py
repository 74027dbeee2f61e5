"""Checking the files of deliveries while those before them are loaded."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import duckdb

from pipelines.foundation.deliveries import Manifest
from pipelines.information.ingest.check import (
    CheckedDelivery,
    check_delivery,
    read_manifest,
)

# In a larger delivery the rows cost far more than the statements.
MOST_BYTES, MOST_TOGETHER = 16 << 20, 100


class CheckAhead:
    """Gives deliveries in their order, and checks the next ones while some are loaded.

    Small ones of a source are given together, as many as have come in by then.

    Hashing a file keeps one core busy, and loading one does not always keep all of
    them. What a check finds is told when its delivery's turn has come, not before.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, which knows the deliveries that need no check.
    folders : list of Path
        Deliveries, in their order.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folders: list[Path]):
        self._known = _find_known(connection)
        self._parts = list(self._list_parts(folders))
        self._checks: dict[Path, Future] = {}
        self._beside = ThreadPoolExecutor(1)

    def __enter__(self) -> "CheckAhead":
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[list[Path]]:
        for folders, following in pairwise([[], *self._parts, []]):
            for folder in following:
                if _find_id(folder) not in self._known:
                    self._checks[folder] = self._beside.submit(_check, folder)
            if folders:
                yield folders
            for folder in folders:
                self._checks.pop(folder, None)

    def _list_parts(self, folders: list[Path]) -> Iterator[list[Path]]:
        """List what is given together; of one source, in the order of the folders."""
        gathered: dict[str, list[Path]] = defaultdict(list)
        sizes: Counter[str] = Counter()
        for folder in folders:
            if _find_id(folder) in self._known:
                yield [folder]
                continue
            source, size = folder.parent.name, _find_size(folder)
            sizes[source] += size
            is_full = len(gathered[source]) == MOST_TOGETHER
            if gathered[source] and (is_full or sizes[source] > MOST_BYTES):
                yield gathered.pop(source)
                sizes[source] = size
            gathered[source].append(folder)
        yield from gathered.values()

    def knows(self, manifest: Manifest) -> bool:
        """Whether it was loaded before with what it holds now."""
        return self._known.get(manifest.delivery_id) == manifest.content

    def forget(self, delivery_ids: list[str]) -> None:
        """Have deliveries checked that were taken out to be loaded again."""
        for delivery_id in delivery_ids:
            self._known.pop(delivery_id, None)

    def check(self, folder: Path, manifest: Manifest) -> CheckedDelivery:
        """Give what ``check_delivery`` gives, or raise what it raises."""
        early = self._checks.get(folder)
        if early and not early.exception():
            delivery, files = early.result()
            # Nobody may have touched it since, or what is loaded was never checked.
            if delivery and files == _look_at(folder):
                return delivery
        return check_delivery(folder, manifest)


def _check(folder: Path) -> tuple[CheckedDelivery | None, list[tuple]]:
    files, manifest = _look_at(folder), read_manifest(folder)
    return check_delivery(folder, manifest) if manifest else None, files


def _look_at(folder: Path) -> list[tuple]:
    """List what changes with any file in a folder: name, place, size and times."""
    found = sorted((path.name, path.lstat()) for path in folder.iterdir())
    return [
        (name, of.st_ino, of.st_size, of.st_mtime_ns, of.st_ctime_ns)
        for name, of in found
    ]


def _find_size(folder: Path) -> int:
    """Find how many bytes lie in a folder; one that can't be looked into is large."""
    try:
        sizes = [path.lstat().st_size for path in folder.iterdir()]
    except OSError:
        return MOST_BYTES
    return sum(sizes)


def _find_id(folder: Path) -> str:
    """Find the ``delivery_id`` of a folder, whose name may lack a first sequence."""
    name = folder.name if "." in folder.name else f"{folder.name}.1"
    return f"{folder.parent.name}/{name}"


def _find_known(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Find the content of every delivery that was loaded, in one query for all."""
    rows = connection.execute("""
        select delivery_id, content_sha256 from ops.deliveries
        where status not in ('refused', 'stale')
    """).fetchall()
    return dict(rows)
