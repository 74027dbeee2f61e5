"""Who may read what is written: its owner alone; what is published, the group too."""

import os
from pathlib import Path


def keep_private() -> None:
    """Let this process, and those it starts, create files for their owner alone.

    Whatever starts steps calls it first: `crm`, `make run`, `make up`, and each task.
    """
    os.umask(0o077)


def make_folder(path: Path) -> None:
    """Create a folder for its owner alone, and those above it, where they are not."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_shared_root(path: Path) -> None:
    """Create the folder of what is published, and let the group pass through to it.

    Only when it is created: who closed it since had a reason.
    """
    if not path.exists():
        make_folder(path)
        path.chmod(0o750)
        # Through, but not see what else is there.
        path.parent.chmod(path.parent.stat().st_mode | 0o010)


def share(path: Path) -> None:
    """Let the group read a file or a folder that is about to be published."""
    path.chmod(0o750 if path.is_dir() else 0o440)
