"""One line per step, to stderr and to a file. Counts, never rows.

Long steps also show how far they are, where somebody watches.
"""

import logging
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings

Item = TypeVar("Item")

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def configure_logging(settings: Settings) -> None:
    """Send our lines to stderr and ``logs/crm.log``, others' from WARNING."""
    log_to_screen()
    file = _LogFile(settings.logs / "crm.log", encoding="utf-8", delay=True)
    file.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(file)


class _LogFile(logging.FileHandler):
    """A log file that is made with its first line, where there is a home."""

    def emit(self, record: logging.LogRecord) -> None:
        # A mistyped CRM_HOME must not leave a folder that looks like one. Who may only
        # read a home has the screen; what has to write there says why it can't.
        with suppress(OSError):
            if self.stream or Path(self.baseFilename).parents[1].is_dir():
                super().emit(record)

    def _open(self) -> TextIOWrapper:
        make_folder(Path(self.baseFilename).parent)
        return super()._open()


def log_to_screen() -> None:
    """Send them to stderr only, while no folder for the file is known."""
    screen = logging.StreamHandler(sys.stderr)
    screen.setFormatter(logging.Formatter(FORMAT, datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[screen], force=True)
    for name in ("pipelines", "models", "expectations"):
        logging.getLogger(name).setLevel(logging.INFO)


def show_progress(items: Iterable[Item], what: str) -> Iterable[Item]:
    """Go through items, with a bar where stderr is a terminal."""
    console = Console(stderr=True)
    return track(
        items, what, console=console, transient=True, disable=not console.is_terminal
    )


def show_status(what: str) -> AbstractContextManager:
    """Show that something is under way, where stderr is a terminal."""
    return Console(stderr=True).status(what)
