"""Checking the files of a delivery while the one before it is loaded."""

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


class CheckAhead:
    """Gives deliveries in their order, and checks the next one while one is loaded.

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
        self._folders = folders
        self._known = _find_known(connection)
        self._checks: dict[Path, Future] = {}
        self._beside = ThreadPoolExecutor(1)

    def __enter__(self) -> "CheckAhead":
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return len(self._folders)

    def __iter__(self) -> Iterator[Path]:
        for folder, following in pairwise([*self._folders, None]):
            if following and _find_id(following) not in self._known:
                self._checks[following] = self._beside.submit(_check, following)
            yield folder

    def knows(self, manifest: Manifest) -> bool:
        """Whether it was loaded before with what it holds now."""
        return self._known.get(manifest.delivery_id) == manifest.content

    def forget(self, delivery_ids: list[str]) -> None:
        """Have deliveries checked that were taken out to be loaded again."""
        for delivery_id in delivery_ids:
            self._known.pop(delivery_id, None)

    def check(self, folder: Path, manifest: Manifest) -> CheckedDelivery:
        """Give what ``check_delivery`` gives, or raise what it raises."""
        early = self._checks.pop(folder, None)
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
