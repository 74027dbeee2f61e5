"""Checking the files of a delivery while the one before it is loaded."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import duckdb

from pipelines.deliveries import Manifest
from pipelines.ingest.check import CheckedDelivery, check_delivery, read_manifest


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
        self._known = _list_known(connection)
        self._checks: dict[Path, Future] = {}
        self._beside = ThreadPoolExecutor(1)

    def __enter__(self) -> "CheckAhead":
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[Path]:
        for folder, following in pairwise([*self._folders, None]):
            if following and _name(following) not in self._known:
                self._checks[following] = self._beside.submit(_check, following)
            yield folder

    def check(self, folder: Path, manifest: Manifest) -> CheckedDelivery:
        """Give what ``check_delivery`` gives, or raise what it raises."""
        early = self._checks.pop(folder, None)
        if early and not early.exception():
            delivery = early.result()
            if delivery and delivery.manifest == manifest:
                return delivery
        # What was still being written then may be whole by now.
        return check_delivery(folder, manifest)


def _check(folder: Path) -> CheckedDelivery | None:
    manifest = read_manifest(folder)
    return check_delivery(folder, manifest) if manifest else None


def _name(folder: Path) -> str:
    """Write a folder as ``delivery_id``, where a first sequence is not left out."""
    name = folder.name if "." in folder.name else f"{folder.name}.1"
    return f"{folder.parent.name}/{name}"


def _list_known(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("""
        select delivery_id from ops.deliveries where status not in ('refused', 'stale')
    """).fetchall()
    return {delivery_id for (delivery_id,) in rows}
