"""The folder ``published``: versions, each whole or not there, and the pointer."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.foundation.deliveries import MANIFEST
from pipelines.foundation.modes import make_folder, make_shared_root, share
from pipelines.foundation.settings import Settings

POINTER = "current"
UNFINISHED = ".partial-"


def find_current(settings: Settings) -> Path | None:
    """Find the version that ``current`` points to, if anything was ever published."""
    pointer = settings.published / POINTER
    return settings.published / pointer.readlink() if pointer.is_symlink() else None


@contextmanager
def new_version(folder: Path) -> Iterator[Path]:
    """Give an empty folder, which becomes the version if the block ends well.

    Then every file in it is read-only and on disk.
    """
    make_shared_root(folder.parent)
    partial = folder.with_name(f"{UNFINISHED}{folder.name}")
    make_folder(partial)
    yield partial
    for path in (*partial.rglob("*"), partial):
        share(path)
        _sync(path)
    os.replace(partial, folder)
    _sync(folder.parent)


def point_to(version: Path) -> None:
    """Move the pointer in one step: a reader finds the version before, or this one."""
    partial = version.with_name(f"{UNFINISHED}{POINTER}")
    partial.symlink_to(version.name)
    os.replace(partial, version.with_name(POINTER))
    _sync(version.parent)


def remove_partial_versions(published: Path) -> None:
    """Remove what killed runs have left."""
    for path in published.glob(f"{UNFINISHED}*"):
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)


def remove_old_versions(published: Path, kept: int) -> None:
    """Remove all but so many of the newest versions, never the one pointed to.

    A reader that has a file of a removed version open reads on undisturbed.
    """
    pointer = published / POINTER
    versions = {
        json.loads(manifest.read_text(encoding="utf-8"))[
            "published_at"
        ]: manifest.parent
        for manifest in published.glob(f"*/{MANIFEST}")
        if manifest.parent != pointer
    }
    for _, version in sorted(versions.items(), reverse=True)[kept:]:
        if not version.samefile(pointer):
            # Under another name first, so that nobody opens half a version.
            partial = version.with_name(f"{UNFINISHED}{version.name}")
            os.replace(version, partial)
            shutil.rmtree(partial)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
